//! What is searched for: mostly homework and games, and now and then something that a safeguarding lead should see.

use super::dice::Dice;
use super::text::{dec, put};

const TOPICS: [&str; 40] = [
    "volcanoes",
    "roman army",
    "tudor houses",
    "photosynthesis",
    "water cycle",
    "macbeth",
    "an inspector calls",
    "the great fire of london",
    "fractions",
    "quadratic equations",
    "periodic table",
    "electric circuits",
    "ancient egypt",
    "vikings",
    "world war 2",
    "the heart",
    "food chains",
    "climate change",
    "coastal erosion",
    "plate tectonics",
    "french verbs",
    "spanish food vocabulary",
    "simile and metaphor",
    "fronted adverbials",
    "pythagoras theorem",
    "angles in parallel lines",
    "cell structure",
    "acids and alkalis",
    "forces and motion",
    "the solar system",
    "rainforest animals",
    "weimar germany",
    "cold war",
    "romeo and juliet",
    "supply and demand",
    "python loops",
    "binary numbers",
    "the digestive system",
    "rivers",
    "castles",
];
const ENDINGS: [&str; 16] = [
    "",
    " facts",
    " ks2",
    " ks3",
    " gcse",
    " bbc bitesize",
    " worksheet",
    " quiz",
    " diagram",
    " for kids",
    " revision notes",
    " past paper",
    " explained",
    " definition",
    " timeline",
    " 6 mark question",
];
const OTHER: [&str; 28] = [
    "roblox",
    "minecraft skins",
    "cool math games",
    "unblocked games",
    "football scores",
    "premier league table",
    "fortnite map",
    "how to draw a dragon",
    "cute cat pictures",
    "weather tomorrow",
    "bbc news",
    "translate",
    "birthday cake ideas",
    "trainers size 6",
    "spotify",
    "how many days until christmas",
    "google classroom",
    "youtube",
    "times tables rock stars",
    "kahoot",
    "pokemon cards",
    "world book day costume",
    "school holidays 2026",
    "chess openings",
    "lego sets",
    "slime recipe",
    "taylor swift songs",
    "what's the time in new york",
];

/// The searches that the demo's policy is to find: short, plain, and on no one's mind but a policy's.
pub const PLANTED: [&str; 8] = [
    "i feel so alone",
    "buy vape",
    "vpn unblock school",
    "someone is bullying me",
    "how to die",
    "cheap vapes no id",
    "how to run away from home",
    "write my essay for me",
];

/// One planted search in this many.
pub const PLANTED_ONE_IN: u32 = 150;

/// A search, as the index of what it is made of: it can be spelt again without being stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    start: &'static str,
    end: &'static str,
    /// Whether it is one of [`PLANTED`].
    pub(super) planted: bool,
}

impl Search {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        if dice.one_in(PLANTED_ONE_IN) {
            return Self { start: dice.pick(&PLANTED), end: "", planted: true };
        }
        let (start, end) = if dice.percent(70) {
            (dice.pick(&TOPICS), dice.pick(&ENDINGS))
        } else {
            (dice.pick(&OTHER), "")
        };
        Self { start, end, planted: false }
    }

    /// How many letters it has.
    pub(super) const fn len(&self) -> usize {
        self.start.len() + self.end.len()
    }

    /// The first letters of it, as a query value.
    pub(super) fn put(&self, out: &mut Vec<u8>, letters: usize) {
        let head = self.start.get(..letters).unwrap_or(self.start);
        super::text::query_value(out, head);
        if let Some(more) = letters.checked_sub(self.start.len()) {
            super::text::query_value(out, self.end.get(..more).unwrap_or(self.end));
        }
    }
}

/// The request that shows the results, on the engine of this host.
pub(super) fn put_results(out: &mut Vec<u8>, host: &[u8], search: &Search, dice: &mut Dice) {
    let all = search.len();
    if host == b"www.bing.com" {
        put(out, "/search?q=");
        search.put(out, all);
        put(out, "&form=QBLH&sp=-1&lq=0&pq=");
        search.put(out, all);
        put(out, "&sc=11-9&cvid=");
        super::text::hex(out, dice, 32);
    } else if host == b"duckduckgo.com" {
        put(out, "/?q=");
        search.put(out, all);
        put(out, "&t=h_&ia=web");
    } else if host == b"www.youtube.com" {
        put(out, "/results?search_query=");
        search.put(out, all);
    } else {
        put(out, "/search?q=");
        search.put(out, all);
        put(out, if dice.one_in(4) { "&udm=2" } else { "&rlz=1C1GCEU_enGB" });
        put(out, "&oq=");
        search.put(out, all);
        put(out, "&gs_lcrp=");
        super::text::token(out, dice, 24);
        put(out, "&sourceid=chrome&ie=UTF-8");
    }
}

/// The request while the search is still being typed. It is no search: a child may take words back.
pub(super) fn put_suggestions(
    out: &mut Vec<u8>,
    host: &[u8],
    search: &Search,
    letters: usize,
    dice: &mut Dice,
) {
    put(
        out,
        match host {
            b"www.bing.com" => "/AS/Suggestions?pt=page.home&mkt=en-gb&qry=",
            b"duckduckgo.com" => "/ac/?kl=uk-en&q=",
            _ => "/complete/search?client=gws-wiz&xssi=t&hl=en-GB&q=",
        },
    );
    search.put(out, letters);
    put(out, "&cp=");
    dec(out, letters as u64);
    put(out, "&psi=");
    super::text::token(out, dice, 16);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_grows_letter_by_letter() {
        let search = Search { start: "macbeth", end: " gcse", planted: false };
        let spelt = |letters| {
            let mut out = Vec::new();
            search.put(&mut out, letters);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            (spelt(3), spelt(7), spelt(9), spelt(12)),
            ("mac".into(), "macbeth".into(), "macbeth+g".into(), "macbeth+gcse".into())
        );
    }

    #[test]
    fn planted_searches_are_rare_and_all_occur() {
        let mut dice = Dice::new(3);
        let planted: Vec<_> = (0..40_000)
            .map(|_| Search::draw(&mut dice))
            .filter(|search| search.planted)
            .map(|s| s.start)
            .collect();
        assert!((150..400).contains(&planted.len()), "{}", planted.len());
        assert!(PLANTED.iter().all(|phrase| planted.contains(phrase)));
    }
}
