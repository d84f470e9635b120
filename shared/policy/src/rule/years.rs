//! Year groups, as schools write them.

/// A year group as it is compared: `Year 5`, `Yr 5`, `Y5` and `05` are `5`.
pub(crate) fn fold(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let number = ["year", "yr", "y"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(&text).trim();
    match number.parse::<u8>() {
        Ok(number) => number.to_string(),
        Err(_) => text,
    }
}

/// Whether a year group is one of those, which are folded.
pub(crate) fn holds(years: &[String], year: &str) -> bool {
    let year = fold(year);
    years.contains(&year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_known_in_every_spelling() {
        for text in ["5", "Year 5", "year5", "Yr 5", "Y5", "05", " y 5 "] {
            assert_eq!(fold(text), "5", "{text}");
        }
        for text in ["Reception", "R", "Year R", "Yew", "5A"] {
            assert_eq!(fold(text), text.to_lowercase(), "{text}");
        }
        assert!(holds(&["5".to_owned()], "Year 5") && !holds(&["5".to_owned()], "6"));
    }
}
