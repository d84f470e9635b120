//! Finds a byte in short texts.
//!
//! The columns of a log line are some ten bytes long. A call into `memchr` costs more than it saves there, so these
//! look at eight bytes at a time in line (SWAR: the lowest set bit of `haszero`, Bit Twiddling Hacks, S. Anderson).
//! Long texts still go to `memchr`.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks zero bytes. Bits above the lowest mark can be wrong; the lowest never is.
#[inline(always)]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// Where the byte first stands.
#[inline(always)]
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    let pattern = u64::from(byte) * LOW;
    search(bytes, |word| zero_bytes(word ^ pattern), |other| other == byte)
}

/// Where either byte first stands.
#[inline(always)]
pub(crate) fn find2(bytes: &[u8], one: u8, two: u8) -> Option<usize> {
    let (first, second) = (u64::from(one) * LOW, u64::from(two) * LOW);
    search(
        bytes,
        |word| zero_bytes(word ^ first) | zero_bytes(word ^ second),
        |other| other == one || other == two,
    )
}

#[inline(always)]
fn search(bytes: &[u8], marks: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    rest.iter().position(|byte| is(*byte)).map(|offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_place_is_found_wherever_it_is(
            bytes in prop::collection::vec(prop::sample::select(b" =\"!\x00\x01\x7f\x80\x81\xa0\xbd\xff".to_vec()), 0..40),
        ) {
            prop_assert_eq!(find(&bytes, b' '), bytes.iter().position(|byte| *byte == b' '));
            prop_assert_eq!(find2(&bytes, b'=', b' '), bytes.iter().position(|byte| matches!(byte, b'=' | b' ')));
        }
    }
}
