//! The rule kind `category`: the filter's own category word, translated into ours.

use super::{Kind, Match};
use crate::fields::{self, Fields};
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::yaml::Node;
use std::collections::{BTreeMap, HashMap};

/// One of our categories, and the words that filters have for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The word that findings carry, such as `self_harm`.
    pub code: String,
    /// What people read.
    pub title: String,
    /// The filter's words by product, which is the id of the log format.
    pub vendors: BTreeMap<String, Vec<String>>,
}

/// Words that an earlier category has already taken, by product, with the code of that category.
pub(crate) type TakenWords = HashMap<(String, String), String>;

pub(crate) fn read_category(
    node: &Node,
    taken: &[&str],
    taken_words: &mut TakenWords,
    notes: &mut Mistakes,
) -> Option<Category> {
    let fields = Fields::read(node, "a category", &["code", "title", "vendors"], notes)?;
    let code = fields.need("code", "a code like self_harm", notes);
    let code = code.and_then(|node| fields::new_name(node, "category", taken, notes));
    let title = fields.need_text("title", notes);
    let mut vendors = BTreeMap::new();
    if let Some(node) = fields.get("vendors") {
        for (product, words) in fields::map(node, "a set of filter products", notes).unwrap_or_default() {
            let earlier: Vec<&str> = vendors.keys().map(String::as_str).collect();
            let Some(name) = fields::new_name(product, "filter product", &earlier, notes) else { continue };
            let owner = code.as_deref().unwrap_or_default();
            let words = read_words(words, &name, owner, taken_words, notes);
            vendors.insert(name, words);
        }
    }
    Some(Category { code: code?, title: title.unwrap_or_default(), vendors })
}

fn read_words(
    list: &Node,
    product: &str,
    owner: &str,
    taken: &mut TakenWords,
    notes: &mut Mistakes,
) -> Vec<String> {
    let mut words = Vec::new();
    for node in fields::list(list, "a list of the filter's category words", notes) {
        let Some(word) = fields::text(node, "a category word of the filter", notes) else { continue };
        let key = (product.to_owned(), same_word(word));
        if let Some(earlier) = taken.get(&key) {
            let problem = format!("already belongs to category {earlier} for {product}");
            notes.add(node.at, word, problem, "each word in one category", "remove one of them");
            continue;
        }
        taken.insert(key, owner.to_owned());
        words.push(word.to_owned());
    }
    words
}

/// A category word in the form in which two spellings are equal: case, `&` and `and`, hyphens and spaces, spaces
/// around a slash or a comma.
fn same_word(word: &str) -> String {
    let spaced =
        word.to_lowercase().replace('&', " and ").replace('/', " / ").replace('-', " ").replace(',', " , ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ")
}

/// All words of one filter product.
#[derive(Default)]
pub(crate) struct Words {
    /// Whether the product writes several words into one field with nothing but a space between them.
    run_together: bool,
    /// Word to its spelling in the policy and the rules of its category.
    words: HashMap<String, (String, Vec<usize>)>,
}

impl Words {
    /// The words of each product.
    pub(crate) fn compile(policy: &Policy) -> HashMap<String, Self> {
        let mut products: HashMap<String, Self> = HashMap::new();
        for category in &policy.categories {
            let uses = |rule: &super::Rule| rule.when.category && rule.category == category.code;
            let rules: Vec<usize> = super::indexes(&policy.rules, uses).collect();
            for (product, words) in &category.vendors {
                let known = products.entry(product.clone()).or_default();
                known.run_together = RUN_TOGETHER.contains(&product.as_str());
                known.words.extend(words.iter().map(|word| (same_word(word), (word.clone(), rules.clone()))));
            }
        }
        products
    }

    /// What the cell of a log says: words parted by commas or semicolons, or run together. A word may hold the same
    /// signs itself (`Chat, IM & other communication`), so the longest word that begins at a part is taken.
    pub(crate) fn find(&self, cell: &str) -> Vec<Match<'_>> {
        let mut found = Vec::new();
        let mut rest = Some(cell);
        while let Some(cell) = rest {
            let (known, after) = self.first(cell);
            rest = after;
            let Some((word, rules)) = known else { continue };
            found.extend(rules.iter().map(|rule| Match {
                rule: *rule,
                kind: Kind::Category,
                matched: word,
                clear: false,
            }));
        }
        found
    }

    /// The longest known word that a cell begins with, and what follows it; without one, what follows the first part.
    fn first<'c>(&self, cell: &'c str) -> (Option<&(String, Vec<usize>)>, Option<&'c str>) {
        let parts = |c: char| matches!(c, ',' | ';') || self.run_together && c == ' ';
        let ends = cell.match_indices(parts).map(|(at, _)| at).chain([cell.len()]);
        let ends: Vec<usize> = ends.take(WORD_PARTS_MAX).collect();
        let after = |end: usize| cell.get(end + 1..);
        let known = ends.iter().rev().find_map(|end| {
            let word = self.words.get(&same_word(cell.get(..*end)?))?;
            Some((Some(word), after(*end)))
        });
        known.unwrap_or_else(|| (None, ends.first().and_then(|end| after(*end))))
    }
}

/// Products that run words together. Their harmless words must be known too (category `none` of the starter), so that
/// no part of one is taken for another.
const RUN_TOGETHER: [&str; 1] = ["symantec_proxysg"];

/// Most parts of one word.
const WORD_PARTS_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::{Words, same_word};

    #[test]
    fn spellings_of_a_category_word_are_equal() {
        for (a, b) in [
            ("Hate & Discrimination", "hate and discrimination"),
            ("Peer-to-peer File Sharing", "Peer to Peer File Sharing"),
            ("Proxy / Anonymizer", "proxy/anonymizer"),
            ("  Web   Chat ", "web chat"),
        ] {
            assert_eq!(same_word(a), same_word(b), "{a}");
        }
        assert_ne!(same_word("Sports"), same_word("Sport"));
        assert_ne!(same_word("Land"), same_word("L&"));
    }

    #[test]
    fn a_word_with_commas_is_one_word_and_the_longest_is_taken() {
        let words = ["Hate", "Militancy, Hate & Extremism", "Chat", "Chat, IM & other communication"];
        let words = words.iter().map(|word| (same_word(word), ((*word).to_owned(), vec![0])));
        let words = Words { run_together: false, words: words.collect() };
        let find = |cell| words.find(cell).iter().map(|found| found.matched.to_owned()).collect::<Vec<_>>();
        assert_eq!(find("Militancy, Hate & Extremism"), ["Militancy, Hate & Extremism"]);
        assert_eq!(find("News,militancy,hate and extremism,Chat"), ["Militancy, Hate & Extremism", "Chat"]);
        assert_eq!(find("Chat,Hate;chat"), ["Chat", "Hate", "Chat"]);
        assert_eq!(find("Love Hate"), [""; 0]);
        assert_eq!(find("a,b,c,d,e,f,Hate,"), ["Hate"]);
        assert_eq!(find("Militancy, Love"), [""; 0]);
        assert_eq!(find(""), [""; 0]);
    }

    #[test]
    fn words_that_run_together_are_told_apart_and_none_is_part_of_another() {
        let words = ["Games", "For Kids Games", "Chat (IM)/SMS", "Social Networking"];
        let words = words.iter().map(|word| (same_word(word), ((*word).to_owned(), vec![0])));
        let words = Words { run_together: true, words: words.collect() };
        let find = |cell| words.find(cell).iter().map(|found| found.matched.to_owned()).collect::<Vec<_>>();
        assert_eq!(find("Our Own Social Networking Chat (IM)/SMS"), ["Social Networking", "Chat (IM)/SMS"]);
        assert_eq!(find("For Kids Games"), ["For Kids Games"]);
        assert_eq!(find("Games;News;Social Networking"), ["Games", "Social Networking"]);
    }
}
