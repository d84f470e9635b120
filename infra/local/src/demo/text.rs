//! Pieces of lines. Formatting with `write!` costs more than everything else that makes a line.

use super::dice::Dice;

#[inline]
pub(super) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// All of these one after the other.
#[inline]
pub(super) fn put_all(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        put(out, text);
    }
}

/// A number in decimal digits.
#[inline]
pub(super) fn dec(out: &mut Vec<u8>, n: u64) {
    padded(out, n, 1, b'0');
}

/// A number in at least `width` characters.
#[inline]
pub(super) fn padded(out: &mut Vec<u8>, mut n: u64, width: usize, pad: u8) {
    let start = out.len();
    loop {
        out.push(b'0' + (n % 10) as u8);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    while out.len() - start < width {
        out.push(pad);
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Characters of the kind that stand in the names of documents and films.
pub(super) fn token(out: &mut Vec<u8>, dice: &mut Dice, len: u32) {
    let mut bits = 0;
    for at in 0..len {
        if at % 10 == 0 {
            bits = dice.next();
        }
        out.extend(BASE64URL.get((bits & 63) as usize));
        bits >>= 6;
    }
}

/// Hexadecimal digits.
pub(super) fn hex(out: &mut Vec<u8>, dice: &mut Dice, len: u32) {
    let mut bits = 0;
    for at in 0..len {
        if at % 16 == 0 {
            bits = dice.next();
        }
        out.extend(HEX.get((bits & 15) as usize));
        bits >>= 4;
    }
}

/// A search as browsers send it: spaces become `+`, everything but letters, digits and `-._` is escaped.
pub(super) fn query_value(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push(b'+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(byte),
            _ => {
                out.push(b'%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(HEX.get(usize::from(digit)).map(u8::to_ascii_uppercase));
                }
            }
        }
    }
}

/// A made-up private address: `10.<site>.<a>.<b>`.
pub(super) fn private_address(out: &mut Vec<u8>, site: u8, host: u16) {
    let [high, low] = host.to_be_bytes();
    put(out, "10.");
    dec(out, u64::from(site));
    out.push(b'.');
    dec(out, u64::from(high));
    out.push(b'.');
    dec(out, u64::from(low));
}

/// An address out of the blocks that are reserved for documentation (RFC 5737), the same for the same host.
pub(super) fn server_address(out: &mut Vec<u8>, host: &[u8]) {
    let number = host.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    put(
        out,
        match number % 3 {
            0 => "192.0.2.",
            1 => "198.51.100.",
            _ => "203.0.113.",
        },
    );
    dec(out, u64::from(number / 3 % 254 + 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_spelt_as_in_logs() {
        let check = |put: &dyn Fn(&mut Vec<u8>), want: &str| {
            let mut out = b"x".to_vec();
            put(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{want}"));
        };
        check(&|out| dec(out, 0), "0");
        check(&|out| dec(out, u64::MAX), "18446744073709551615");
        check(&|out| padded(out, 7, 3, b'0'), "007");
        check(&|out| padded(out, 42, 6, b' '), "    42");
        check(&|out| padded(out, 1234, 2, b'0'), "1234");
        check(&|out| query_value(out, "what's 1+1 é"), "what%27s+1%2B1+%C3%A9");
        check(&|out| private_address(out, 20, 0x0102), "10.20.1.2");
        check(&|out| server_address(out, &[4]), "198.51.100.2");
    }
}
