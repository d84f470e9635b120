//! Chance that is the same everywhere: a small generator of our own and integer Zipf tables.
//!
//! The crate `rand` does not promise that a seed gives the same numbers in its next version or on another
//! machine, and floating point does not promise it either. The demo's figures are compared with what was
//! generated, so both are avoided here.

/// SplitMix64 (Steele, Lea and Flood, 2014): one addition and three mixing steps a number.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seed of its own for each thing that is named by a few words, such as one file of one school.
pub(super) fn seed_of(seed: u64, words: &[&str]) -> u64 {
    words.iter().fold(mix(seed ^ GOLDEN), |sum, word| {
        // A step at the end of each word keeps ("ab", "c") apart from ("a", "bc").
        mix(word.bytes().fold(sum, |sum, byte| mix(sum ^ u64::from(byte))).wrapping_add(GOLDEN))
    })
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number from 0 to `n - 1`; 0 when `n` is 0.
    #[inline]
    pub(super) fn below(&mut self, n: u32) -> u32 {
        let scaled = (self.next() >> 32) * u64::from(n);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// True once in `n` times.
    #[inline]
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// True `n` times out of a hundred.
    #[inline]
    pub(super) fn percent(&mut self, n: u32) -> bool {
        self.below(100) < n
    }

    /// A size as they occur on the web: many small, few large, from `least` to about `least << doublings`.
    #[inline]
    pub(super) fn size(&mut self, least: u64, doublings: u32) -> u64 {
        let scale = least << self.below(doublings);
        scale + self.next() % scale.max(1)
    }

    /// One of the items of a table.
    #[inline]
    #[allow(
        clippy::indexing_slicing,
        reason = "below(n) is under n, and every table in this module has entries"
    )]
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(u32::try_from(items.len()).unwrap_or(u32::MAX)) as usize]
    }
}

/// Ranks drawn with a chance of 1 / (rank + flatness): few are drawn often, most of them seldom.
#[derive(Debug, Clone)]
pub(super) struct Zipf {
    /// The rank of each equal slice of chance: drawing is one look-up.
    ranks: Vec<u16>,
}

const SLICES: u16 = 1 << 14;

impl Zipf {
    /// Ranks from 0 to `n - 1`. A larger `flatness` gives the first ranks less of a lead.
    pub(super) fn new(n: u16, flatness: u16) -> Self {
        let weight = |rank: u16| (1_u64 << 40) / (u64::from(rank) + u64::from(flatness.max(1)));
        let total: u64 = (0..n).map(weight).sum();
        let mut ranks = Vec::with_capacity(usize::from(SLICES));
        let (mut rank, mut reached) = (0, weight(0));
        for slice in 0..SLICES {
            while reached <= total / u64::from(SLICES) * u64::from(slice) && rank + 1 < n {
                rank += 1;
                reached += weight(rank);
            }
            ranks.push(rank);
        }
        Self { ranks }
    }

    #[inline]
    pub(super) fn draw(&self, dice: &mut Dice) -> u16 {
        dice.pick(&self.ranks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rank_is_drawn_most_and_late_ranks_still_occur() {
        let (zipf, mut dice) = (Zipf::new(1000, 1), Dice::new(7));
        let mut seen = vec![0_u32; 1000];
        for _ in 0..100_000 {
            seen[usize::from(zipf.draw(&mut dice))] += 1;
        }
        assert!(seen[0] > 10_000 && seen[0] > 5 * seen[9], "{:?}", &seen[..10]);
        assert!(seen[500..].iter().sum::<u32>() > 5_000);
    }

    #[test]
    fn seeds_keep_the_borders_between_words() {
        assert_ne!(seed_of(1, &["ab", "c"]), seed_of(1, &["a", "bc"]));
        assert_ne!(seed_of(1, &["ab"]), seed_of(2, &["ab"]));
        assert_eq!(seed_of(1, &["ab"]), seed_of(1, &["ab"]));
    }

    #[test]
    fn the_numbers_never_change() {
        // A change here changes every byte of the demo: it must be meant.
        let mut dice = Dice::new(0);
        assert_eq!((dice.next(), dice.below(1000)), (0xe220_a839_7b1d_cdaf, 431));
    }
}
