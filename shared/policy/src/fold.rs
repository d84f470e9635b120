//! Text as it is compared: without the tricks that people use to get past a filter.
//!
//! Folding takes away case, accents and Unicode form, letters of Cyrillic and Greek that look like Latin ones, digits
//! that stand for letters inside words, and invisible characters. Two questions have no single answer, and are
//! therefore not decided here but when a phrase is compared:
//!
//! * Punctuation may part words (`kill.myself`) or be strewn into one (`s.u.i.c.i.d.e`): a text has two
//!   [`readings`].
//! * A letter that is held down (`killlll`) may stand for one or two: a run of three or more equals both, while one
//!   and two differ, so that `rapping` is never another word.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text of words with one space before, between and after them, in which each run of a letter is written once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Folded {
    text: String,
    /// For each byte of `text` how long the run was; no more than [`RUN_MAX`].
    runs: Vec<u8>,
}

/// No English word has a letter three times running.
const RUN_MAX: u8 = 3;

/// Single letters in a row that are one word spelled out.
const SPELLED_MIN: usize = 3;

impl Folded {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nothing is left: no letter and no digit.
    pub(crate) fn is_empty(&self) -> bool {
        self.letters() == 0
    }

    /// Letters and digits, runs counted once.
    pub(crate) fn letters(&self) -> usize {
        self.text.chars().filter(|c| *c != ' ').count()
    }

    /// Whether the words of `phrase`, found by their letters from byte `start` on, are these words.
    pub(crate) fn has_runs_of(&self, phrase: &Self, start: usize) -> bool {
        let Some(ours) = self.runs.get(start..start.saturating_add(phrase.runs.len())) else { return false };
        ours.iter().zip(&phrase.runs).all(|(ours, theirs)| ours == theirs || *ours == RUN_MAX)
    }

    fn of_words<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let mut folded = Self { text: String::from(" "), runs: vec![1] };
        for word in words.filter(|word| !word.is_empty()) {
            let mut last = ' ';
            for letter in word.chars() {
                folded.push(letter, letter == last && letter.is_alphabetic());
                last = letter;
            }
            folded.push(' ', false);
        }
        folded
    }

    fn push(&mut self, letter: char, repeated: bool) {
        if repeated {
            let letter_bytes = self.runs.iter_mut().rev().take(letter.len_utf8());
            letter_bytes.for_each(|run| *run = RUN_MAX.min(*run + 1));
        } else {
            self.text.push(letter);
            self.runs.extend(std::iter::repeat_n(1, letter.len_utf8()));
        }
    }
}

/// The reading in which punctuation parts words: the only one that phrases have.
pub(crate) fn fold(text: &str) -> Folded {
    parted(&plain(text))
}

/// The reading in which punctuation parts words, and the one in which it does not, where they differ.
pub(crate) fn readings(text: &str) -> impl Iterator<Item = Folded> {
    let plain = plain(text);
    let (parted, joined) = (parted(&plain), joined(&plain));
    let second = (joined != parted).then_some(joined);
    std::iter::once(parted).chain(second)
}

fn parted(plain: &str) -> Folded {
    let parts: Vec<String> = plain.split([' ', MARK]).map(unmask).collect();
    // A sign that stood for no letter parts words after all.
    Folded::of_words(parts.iter().flat_map(|part| part.split(SIGNS)))
}

fn joined(plain: &str) -> Folded {
    let mut words: Vec<String> = Vec::new();
    let mut spelled = String::new();
    let mut letters = 0;
    for word in plain.split(' ').map(|word| word.replace(MARK, "")).filter(|word| !word.is_empty()) {
        if word.chars().nth(1).is_none() {
            spelled.push_str(&word);
            spelled.push(' ');
            letters += 1;
            continue;
        }
        flush(&mut words, &mut spelled, &mut letters);
        words.push(unmask(&word));
    }
    flush(&mut words, &mut spelled, &mut letters);
    Folded::of_words(words.iter().flat_map(|word| word.split(SIGNS)))
}

/// Ends a row of single letters: one word if it is long enough, words of one letter if not.
fn flush(words: &mut Vec<String>, spelled: &mut String, letters: &mut usize) {
    if *letters >= SPELLED_MIN {
        words.push(unmask(&spelled.replace(' ', "")));
    } else {
        words.extend(spelled.split_whitespace().map(str::to_owned));
    }
    spelled.clear();
    *letters = 0;
}

/// Stands for any punctuation.
const MARK: char = '-';

/// Signs that may stand for a letter.
const SIGNS: [char; 2] = ['@', '$'];

/// Lower-case letters, digits and [`SIGNS`], parted by spaces and [`MARK`]s.
fn plain(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_invisible(*c)).nfkd().filter(|c| !is_combining_mark(*c));
    let mut plain = String::with_capacity(text.len());
    for letter in seen.flat_map(|c| look_alike(c).to_lowercase()) {
        if letter.is_alphanumeric() || SIGNS.contains(&letter) {
            plain.push(letter);
        } else if letter.is_whitespace() || letter == '+' {
            plain.push(' ');
        } else {
            plain.push(MARK);
        }
    }
    plain
}

/// Characters that show nothing, and apostrophes: `can't` is `cant`.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '‘' | '’' | 'ʼ' | '＇' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'
        | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}')
}

/// Digits and signs become the letters that they stand for in a word with at least as many letters: `su1c1de`, but
/// not `2026`.
fn unmask(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let masks = word.chars().filter(|c| unmasked(*c) != *c).count();
    if masks == 0 || letters < masks { word.to_owned() } else { word.chars().map(unmasked).collect() }
}

const fn unmasked(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// The Latin letter that a letter of Cyrillic or Greek, or a letter with a stroke, looks like.
const fn look_alike(c: char) -> char {
    match c {
        'А' | 'а' | 'Α' | 'α' => 'a',
        'В' | 'в' | 'Β' => 'b',
        'С' | 'с' | 'ϲ' | 'Ϲ' => 'c',
        'ԁ' | 'đ' | 'Đ' => 'd',
        'Е' | 'е' | 'Ε' | 'ε' | 'є' => 'e',
        'ɡ' => 'g',
        'Н' | 'н' | 'һ' | 'Η' | 'ħ' => 'h',
        'І' | 'і' | 'Ι' | 'ι' | 'ı' | 'ɩ' => 'i',
        'Ј' | 'ј' => 'j',
        'К' | 'к' | 'Κ' | 'κ' => 'k',
        'ӏ' | 'Ӏ' | 'ł' | 'Ł' => 'l',
        'М' | 'м' | 'Μ' => 'm',
        'Ν' | 'η' => 'n',
        'О' | 'о' | 'Ο' | 'ο' | 'ø' | 'Ø' => 'o',
        'Р' | 'р' | 'Ρ' | 'ρ' => 'p',
        'ԛ' => 'q',
        'Ѕ' | 'ѕ' => 's',
        'Т' | 'т' | 'Τ' | 'τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'Х' | 'х' | 'Χ' | 'χ' => 'x',
        'У' | 'у' | 'Υ' | 'γ' => 'y',
        'Ζ' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a phrase stands in a text, by looking everywhere.
    fn stands_in(phrase: &str, text: &str) -> bool {
        let phrase = fold(phrase);
        readings(text).any(|reading| {
            let mut starts = reading.text.match_indices(&phrase.text).map(|(start, _)| start);
            starts.any(|start| reading.has_runs_of(&phrase, start))
        })
    }

    #[test]
    fn no_trick_hides_a_phrase() {
        for (phrase, text) in [
            ("how to die", "How To DIE"),
            ("suicide", "ways of suícìdë"),
            ("suicide", "ｓｕｉｃｉｄｅ"),
            ("suicide", "𝖘𝖚𝖎𝖈𝖎𝖉𝖊"),
            ("suicide", "su1c1d3"),
            ("suicide", "5u1cide"),
            ("suicide", "$uicide"),
            ("hate", "h@te"),
            ("suicide", "suuuuiiiicide"),
            ("kill myself", "killllll myself"),
            ("kill myself", "kiiilll myself"),
            ("suicide", "s.u.i.c.i.d.e"),
            ("suicide", "sui-cide"),
            ("suicide", "s u i c i d e"),
            ("suicide", "5 u 1 c i d e"),
            ("how to die", "how to d i e"),
            ("kill myself", "kill.myself"),
            ("kill myself", "kill_myself?!"),
            ("self harm", "self-harm"),
            ("selfharm", "self-harm"),
            ("suicide", "suiсidе"),
            ("suicide", "ѕυιсιԁе"),
            ("suicide", "sui\u{200b}ci\u{ad}de"),
            ("can't go on", "I can’t go on"),
            ("can't go on", "i cant go on"),
            ("kill myself", "kill+myself"),
            ("суицид", "СУИЦИД"),
        ] {
            assert!(
                stands_in(phrase, text),
                "`{phrase}` in `{text}`: {:?}",
                readings(text).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn other_words_stay_other_words() {
        for (phrase, text) in [
            ("die", "diet"),
            ("die", "indie games"),
            ("cut me", "cut my hair"),
            ("raping", "rapping"),
            ("coon", "con"),
            ("how to die", "how die to"),
            ("how to die", "how to. eat and die"),
            ("kill myself", "killmyself"),
            ("die", "year 2013"),
            ("20", "2000"),
            ("sos", "505"),
            ("sex", "Essex"),
        ] {
            assert!(!stands_in(phrase, text), "`{phrase}` in `{text}`");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["How t0 D1E!!", "ﬁnd  ｍe", "a.b.c d", "Größe"] {
            let once = fold(text);
            assert_eq!(fold(once.as_str()).text, once.text, "{text}");
        }
    }
}
