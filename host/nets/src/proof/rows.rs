//! A list of lists in two vectors, as compressed sparse row matrices keep theirs.

/// Rows of any length, one behind the other. A row is filled, then ended; what is filled after that is the next one's.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    ends: Vec<usize>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    pub fn new() -> Self {
        Self { ends: Vec::new(), items: Vec::new() }
    }

    /// How many rows are ended.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Items of all rows.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub fn end_row(&mut self) {
        self.ends.push(self.items.len());
    }

    pub fn row(&self, row: usize) -> &[T] {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.items[begin..self.ends[row]]
    }

    /// As many rows as `rows`, with each item in the row it names. In a row, items stay in the order they came in.
    pub fn sorted(rows: usize, items: impl Iterator<Item = (usize, T)> + Clone) -> Self
    where
        T: Copy + Default,
    {
        let mut ends = vec![0; rows + 1];
        items.clone().for_each(|(row, _)| ends[row + 1] += 1);
        (0..rows).for_each(|row| ends[row + 1] += ends[row]);
        let mut sorted = vec![T::default(); ends[rows]];
        for (row, item) in items {
            sorted[ends[row]] = item;
            ends[row] += 1;
        }
        ends.truncate(rows);
        Self { ends, items: sorted }
    }
}
