//! Markings as few machine words as they need.
//!
//! In a sound net hardly a place ever holds two tokens, so one bit a place is tried first. The search that meets a
//! second token begins again with a byte a place, and if that overflows with thirty-two bits.

/// How markings are packed: each place has 2^`shift` bits, and none straddles two words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    shift: u32,
    /// Words of one marking; at least one.
    pub words: usize,
}

/// A place would hold more tokens than its bits can count.
#[derive(Debug)]
pub(super) struct Overflow;

impl Packing {
    /// From the smallest to the one that always does.
    pub const SHIFTS: [u32; 3] = [0, 3, 5];

    pub fn new(shift: u32, places: usize) -> Self {
        Self { shift, words: (places << shift).div_ceil(64).max(1) }
    }

    /// The word of a place, and where its bits begin there.
    fn at(self, place: usize) -> (usize, u32) {
        let bit = place << self.shift;
        (bit / 64, (bit % 64) as u32)
    }

    /// The largest count, and the mask of the bits of a place.
    fn most(self) -> u64 {
        (1 << (1_u32 << self.shift)) - 1
    }

    pub fn get(self, marking: &[u64], place: usize) -> u32 {
        let (word, bit) = self.at(place);
        (marking[word] >> bit & self.most()) as u32
    }

    /// Puts so many tokens more on a place.
    pub fn add(self, marking: &mut [u64], place: usize, tokens: u32) -> Result<(), Overflow> {
        let (word, bit) = self.at(place);
        if u64::from(self.get(marking, place)) + u64::from(tokens) > self.most() {
            return Err(Overflow);
        }
        marking[word] += u64::from(tokens) << bit;
        Ok(())
    }

    /// Takes tokens away that are there.
    pub fn take(self, marking: &mut [u64], place: usize, tokens: u32) {
        let (word, bit) = self.at(place);
        marking[word] -= u64::from(tokens) << bit;
    }

    pub fn clear(self, marking: &mut [u64], place: usize) {
        let (word, bit) = self.at(place);
        marking[word] &= !(self.most() << bit);
    }

    /// The marked places, in order.
    pub fn marked(self, marking: &[u64]) -> impl Iterator<Item = usize> {
        marking.iter().enumerate().flat_map(move |(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let place = (rest != 0).then(|| rest.trailing_zeros() >> self.shift)?;
                rest &= !(self.most() << (place << self.shift));
                Some(((word * 64) >> self.shift) + place as usize)
            })
        })
    }

    /// All tokens of a marking.
    pub fn tokens(self, marking: &[u64]) -> u64 {
        if self.shift == 0 {
            return marking.iter().map(|word| u64::from(word.count_ones())).sum();
        }
        self.marked(marking).map(|place| u64::from(self.get(marking, place))).sum()
    }

    /// The places that hold more in `large` than in `small`; `None` if one holds less.
    pub fn growth(self, small: &[u64], large: &[u64]) -> Option<Vec<usize>> {
        if self.shift == 0 && small.iter().zip(large).any(|(small, large)| small & !large != 0) {
            return None;
        }
        if self.marked(small).any(|place| self.get(large, place) < self.get(small, place)) {
            return None;
        }
        Some(self.marked(large).filter(|place| self.get(large, *place) > self.get(small, *place)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_for_itself_however_it_is_packed() {
        for (shift, most) in Packing::SHIFTS.into_iter().zip([1, u32::from(u8::MAX), u32::MAX]) {
            let packing = Packing::new(shift, 130);
            let mut marking = vec![0; packing.words];
            for place in [0, 63, 64, 129] {
                packing.add(&mut marking, place, most).unwrap();
                assert!(packing.add(&mut marking, place, 1).is_err());
            }
            packing.take(&mut marking, 63, most);
            packing.clear(&mut marking, 129);
            assert_eq!(packing.marked(&marking).collect::<Vec<_>>(), [0, 64]);
            assert_eq!(packing.tokens(&marking), 2 * u64::from(most));
        }
    }

    #[test]
    fn a_marking_grows_where_it_holds_more_and_nowhere_less() {
        for shift in Packing::SHIFTS {
            let packing = Packing::new(shift, 100);
            let of = |places: &[usize]| {
                let mut marking = vec![0; packing.words];
                places.iter().for_each(|place| packing.add(&mut marking, *place, 1).unwrap());
                marking
            };
            let (small, large) = (of(&[3, 99]), of(&[3, 70, 99]));
            assert_eq!(packing.growth(&small, &large), Some(vec![70]));
            assert_eq!(packing.growth(&large, &small), None);
            assert_eq!(packing.growth(&small, &small), Some(vec![]));
        }
    }
}
