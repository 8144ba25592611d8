//! Choices that bytes make: a fuzzer's, or those of a seed.

/// Bytes, each of which makes one choice. Where they are used up, the first choice is taken, which is the plainest.
#[derive(Debug)]
pub struct Choices<'b> {
    rest: std::slice::Iter<'b, u8>,
}

impl<'b> Choices<'b> {
    /// Choices that these bytes make.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes.iter() }
    }

    /// A number below another, which is at most 256.
    pub fn below(&mut self, most: usize) -> usize {
        usize::from(self.rest.next().copied().unwrap_or_default()) % most.max(1)
    }

    /// Once in so many times, at most 256.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    pub fn of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }
}

/// The bytes of a seed: splitmix64.
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    words.flat_map(u64::to_le_bytes).take(length).collect()
}
