//! Dice for random histories. A history that found a fault has to be told again, so nothing here is random: the same
//! seed gives the same history in every run and on every machine.

/// A small generator of numbers that look random (Knuth's MMIX constants). Good enough to choose events; nothing more.
///
/// ```
/// use syndic_sdk::testing::Dice;
///
/// let (mut dice, mut again) = (Dice::new(7), Dice::new(7));
/// assert_eq!(dice.below(6), again.below(6));
/// assert!(["heads", "tails"].contains(&dice.pick(&["heads", "tails"])));
/// ```
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as this seed says.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `sides - 1`.
    ///
    /// # Panics
    /// Where there are no sides.
    pub const fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The low bits of such a generator repeat early.
        (self.0 >> 33) as usize % sides
    }

    /// One of these.
    ///
    /// # Panics
    /// Where there is none.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Whether something happens that happens once in so many times.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
