//! Where the made-up people go: real names of well-known sites first, then a long tail of made-up ones.

use super::dice::{Dice, Zipf};
use super::text::{dec, put, put_all};
use std::sync::LazyLock;

/// What a site is about, in the words of two vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Search,
    Education,
    Video,
    News,
    Reference,
    Games,
    Social,
    Shopping,
    Technology,
    Delivery,
    Advertising,
    Analytics,
    Mail,
    Sport,
    Arts,
    Blogs,
    Proxy,
    Gambling,
    Tobacco,
    Weapons,
    Chat,
    Updates,
    Health,
}

impl Subject {
    /// Umbrella's category words.
    pub(super) const fn umbrella(self) -> &'static str {
        match self {
            Self::Search => "Search Engines,Search Engines and Portals",
            Self::Education => "Educational Institutions,Education",
            Self::Video => "Video Sharing",
            Self::News => "News/Media,News",
            Self::Reference => "Research/Reference,Reference",
            Self::Games => "Games",
            Self::Social => "Social Networking",
            Self::Shopping => "Ecommerce/Shopping,Shopping",
            Self::Technology => "Software/Technology,Business Services",
            Self::Delivery => "Infrastructure and Content Delivery Networks",
            Self::Advertising => "Advertisements",
            Self::Analytics => "Business Services,Computers and Internet",
            Self::Mail => "Webmail,Web-based Email",
            Self::Sport => "Sports,Sports and Recreation",
            Self::Arts => "Arts",
            Self::Blogs => "Blogs",
            Self::Proxy => "Proxy/Anonymizer,Filter Avoidance",
            Self::Gambling => "Gambling",
            Self::Tobacco => "Tobacco",
            Self::Weapons => "Weapons",
            Self::Chat => "Chat,Instant Messaging",
            Self::Updates => "Software Updates",
            Self::Health => "Health and Fitness",
        }
    }

    /// FortiGuard's category number and name.
    pub(super) const fn fortinet(self) -> (u8, &'static str) {
        match self {
            Self::Search => (41, "Search Engines and Portals"),
            Self::Education => (30, "Education"),
            Self::Video => (25, "Streaming Media and Download"),
            Self::News => (36, "News and Media"),
            Self::Reference => (39, "Reference"),
            Self::Games => (20, "Games"),
            Self::Social => (37, "Social Networking"),
            Self::Shopping => (42, "Shopping"),
            Self::Technology | Self::Updates => (52, "Information Technology"),
            Self::Delivery => (82, "Content Servers"),
            Self::Advertising => (17, "Advertising"),
            Self::Analytics => (94, "Web Analytics"),
            Self::Mail => (23, "Web-based Email"),
            Self::Sport => (46, "Sports"),
            Self::Arts => (29, "Arts and Culture"),
            Self::Blogs => (80, "Personal Websites and Blogs"),
            Self::Proxy => (59, "Proxy Avoidance"),
            Self::Gambling => (11, "Gambling"),
            Self::Tobacco => (65, "Tobacco"),
            Self::Weapons => (16, "Weapons (Sales)"),
            Self::Chat => (69, "Instant Messaging"),
            Self::Health => (33, "Health and Wellness"),
        }
    }
}

/// How a site is used, and so which requests a visit makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Pages with pictures, scripts and trackers.
    Pages,
    /// Suggestions while typing, then a search.
    Search,
    /// Films in pieces.
    Video,
    /// One document that talks to its server all the time.
    Document,
    /// A machine that fetches updates; no one sits there.
    Update,
}

/// One site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    pub(super) host: &'static str,
    pub(super) manner: Manner,
    pub(super) subject: Subject,
}

const fn site(host: &'static str, manner: Manner, subject: Subject) -> Site {
    Site { host, manner, subject }
}

/// Named sites, the busiest first: the place in the table is the rank.
pub(super) const SITES: [Site; 72] = {
    use Manner::{Document, Pages, Search as Find, Update, Video as Film};
    use Subject::{
        Arts, Blogs, Chat, Education, Gambling, Games, Health, Mail, News, Proxy, Reference, Search,
        Shopping, Social, Sport, Technology, Tobacco, Updates, Video, Weapons,
    };
    [
        site("www.google.com", Find, Search),
        site("www.youtube.com", Film, Video),
        site("classroom.google.com", Document, Education),
        site("docs.google.com", Document, Education),
        site("www.bing.com", Find, Search),
        site("www.bbc.co.uk", Pages, News),
        site("teams.microsoft.com", Document, Technology),
        site("en.wikipedia.org", Pages, Reference),
        site("download.windowsupdate.com", Update, Updates),
        site("www.google.co.uk", Find, Search),
        site("outlook.office.com", Document, Mail),
        site("www.ttrockstars.com", Pages, Education),
        site("www.thenational.academy", Pages, Education),
        site("kahoot.it", Pages, Education),
        site("drive.google.com", Document, Education),
        site("www.roblox.com", Pages, Games),
        site("scratch.mit.edu", Pages, Education),
        site("quizlet.com", Pages, Education),
        site("www.tiktok.com", Pages, Social),
        site("update.googleapis.com", Update, Updates),
        site("app.senecalearning.com", Pages, Education),
        site("www.amazon.co.uk", Pages, Shopping),
        site("www.savemyexams.com", Pages, Education),
        site("www.topmarks.co.uk", Pages, Education),
        site("poki.com", Pages, Games),
        site("www.theguardian.com", Pages, News),
        site("sharepoint.com", Document, Technology),
        site("www.physicsandmathstutor.com", Pages, Education),
        site("www.instagram.com", Pages, Social),
        site("duckduckgo.com", Find, Search),
        site("www.britannica.com", Pages, Reference),
        site("www.natgeokids.com", Pages, Education),
        site("open.spotify.com", Pages, Arts),
        site("www.sky.com", Pages, News),
        site("www.crazygames.com", Pages, Games),
        site("chatgpt.com", Document, Technology),
        site("www.geogebra.org", Pages, Education),
        site("www.desmos.com", Pages, Education),
        site("ocsp.digicert.com", Update, Updates),
        site("web.whatsapp.com", Document, Chat),
        site("www.mathsgenie.co.uk", Pages, Education),
        site("www.canva.com", Document, Technology),
        site("www.reddit.com", Pages, Social),
        site("www.nhs.uk", Pages, Health),
        site("www.snapchat.com", Pages, Social),
        site("www.gov.uk", Pages, Reference),
        site("www.independent.co.uk", Pages, News),
        site("www.ebay.co.uk", Pages, Shopping),
        site("blooket.com", Pages, Education),
        site("www.duolingo.com", Pages, Education),
        site("www.nhm.ac.uk", Pages, Education),
        site("discord.com", Document, Chat),
        site("www.pinterest.co.uk", Pages, Social),
        site("www.skysports.com", Pages, Sport),
        site("www.minecraft.net", Pages, Games),
        site("replit.com", Document, Technology),
        site("www.argos.co.uk", Pages, Shopping),
        site("www.croxyproxy.com", Pages, Proxy),
        site("mesu.apple.com", Update, Updates),
        site("www.telegraph.co.uk", Pages, News),
        site("www.chess.com", Pages, Games),
        site("www.tes.com", Pages, Education),
        site("www.sciencemuseum.org.uk", Pages, Education),
        site("www.tate.org.uk", Pages, Arts),
        site("medium.com", Pages, Blogs),
        site("www.childline.org.uk", Pages, Health),
        site("nordvpn.com", Pages, Proxy),
        site("www.vapeclub.co.uk", Pages, Tobacco),
        site("www.racingpost.com", Pages, Gambling),
        site("www.jdsports.co.uk", Pages, Shopping),
        site("www.heinnie.com", Pages, Weapons),
        site("www.ucas.com", Pages, Education),
    ]
};

/// Ranks of the sites that machines go to by themselves.
pub(super) const UPDATE_RANKS: [u16; 4] = [8, 19, 38, 58];

/// Subjects of the made-up sites, by rank.
const TAIL_SUBJECTS: [Subject; 12] = [
    Subject::Blogs,
    Subject::Education,
    Subject::Reference,
    Subject::Arts,
    Subject::Technology,
    Subject::Shopping,
    Subject::Sport,
    Subject::Blogs,
    Subject::Education,
    Subject::Games,
    Subject::Health,
    Subject::News,
];

/// Named and made-up sites together.
const SITES_ALL: u16 = 4_096;

/// How often each site is visited. The table is the same for every file, so it is worked out once.
pub(super) static POPULARITY: LazyLock<Zipf> = LazyLock::new(|| Zipf::new(SITES_ALL, 2));

/// The site of a rank. A rank beyond the table has a made-up host, which [`put_host`] spells.
pub(super) fn at_rank(rank: u16) -> Site {
    SITES.get(usize::from(rank)).copied().unwrap_or_else(|| {
        let subject = TAIL_SUBJECTS.get(usize::from(rank % 12)).copied().unwrap_or(Subject::Blogs);
        site("", Manner::Pages, subject)
    })
}

/// The host of a rank.
pub(super) fn put_host(out: &mut Vec<u8>, rank: u16) {
    let named = at_rank(rank).host;
    if named.is_empty() {
        // The words follow from the rank alone: a site keeps its name from visit to visit.
        let mut dice = Dice::new(u64::from(rank));
        let (one, two) = (dice.pick(&WORDS), dice.pick(&WORDS));
        match rank % 8 {
            0 => put_all(out, &[one, two, ".wordpress.com"]),
            1 => put_all(out, &[one, "-", two, ".sharepoint.com"]),
            2 => put_all(out, &[one, "-", two, ".example.sch.uk"]),
            3 => put_all(out, &[one, two, ".blogspot.com"]),
            4 => put_all(out, &["www.", one, "-and-", two, ".example"]),
            5 => put_all(out, &["www.", one, two, ".example"]),
            6 => put_all(out, &[one, ".", two, ".example"]),
            _ => put_all(out, &["www.the", one, two, ".example"]),
        }
    } else {
        put(out, named);
    }
}

/// Words of paths, made-up hosts and file names.
pub(super) const WORDS: [&str; 64] = [
    "science",
    "history",
    "maths",
    "english",
    "geography",
    "music",
    "art",
    "drama",
    "biology",
    "physics",
    "chemistry",
    "volcano",
    "river",
    "castle",
    "roman",
    "tudor",
    "planet",
    "fraction",
    "poem",
    "novel",
    "grammar",
    "spelling",
    "quiz",
    "lesson",
    "video",
    "news",
    "sport",
    "football",
    "weather",
    "recipe",
    "garden",
    "animal",
    "forest",
    "ocean",
    "bridge",
    "engine",
    "rocket",
    "robot",
    "coding",
    "puzzle",
    "story",
    "author",
    "museum",
    "gallery",
    "letter",
    "number",
    "pattern",
    "shape",
    "colour",
    "light",
    "sound",
    "energy",
    "climate",
    "market",
    "travel",
    "health",
    "topic",
    "guide",
    "article",
    "review",
    "index",
    "archive",
    "search",
    "result",
];

/// Machines behind the pages: pictures, scripts, fonts.
pub(super) const DELIVERY: [&str; 10] = [
    "fonts.gstatic.com",
    "www.gstatic.com",
    "lh3.googleusercontent.com",
    "cdn.jsdelivr.net",
    "ichef.bbci.co.uk",
    "i.guim.co.uk",
    "upload.wikimedia.org",
    "cdnjs.cloudflare.com",
    "ajax.googleapis.com",
    "static.cloudflareinsights.com",
];

/// Trackers and what they ask for; `%` stands for a number.
pub(super) const TRACKERS: [(&str, &str, Subject); 8] = [
    (
        "www.google-analytics.com",
        "/g/collect?v=2&tid=G-9K2QX7&_p=%&cid=%.%&ul=en-gb&sr=1366x768&_s=1",
        Subject::Analytics,
    ),
    (
        "securepubads.g.doubleclick.net",
        "/gampad/ads?pvsid=%&correlator=%&output=ldjh&gdfp_req=1&sz=728x90",
        Subject::Advertising,
    ),
    ("www.googletagmanager.com", "/gtm.js?id=GTM-%&l=dataLayer", Subject::Analytics),
    ("ib.adnxs.com", "/getuid?cb=%&gdpr=1", Subject::Advertising),
    ("sb.scorecardresearch.com", "/b?c1=2&c2=%&cs_ucfr=1&ns__t=%&ns_c=UTF-8", Subject::Analytics),
    ("www.clarity.ms", "/collect?id=%", Subject::Analytics),
    (
        "browser.events.data.msn.com",
        "/OneCollector/1.0/?cors=true&client-id=NO_AUTH&upload-time=%&w=0",
        Subject::Analytics,
    ),
    ("px.ads.linkedin.com", "/collect/?pid=%&fmt=gif", Subject::Advertising),
];

/// One of the many hosts of a delivery network.
pub(super) fn put_delivery_host(out: &mut Vec<u8>, dice: &mut Dice) {
    // A squared draw makes low numbers common: networks send a client to the same few machines.
    let near = dice.below(40) * dice.below(40);
    match dice.below(4) {
        0 => {
            put(out, "d");
            dec(out, 100_000 + u64::from(near) * 7_919);
            put(out, "x.cloudfront.net");
        }
        1 => {
            put(out, "a");
            dec(out, u64::from(near));
            put(out, ".dscb.akamaized.net");
        }
        _ => put(out, dice.pick(&DELIVERY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_has_a_host_of_its_own_kind_and_keeps_it() {
        assert!(UPDATE_RANKS.iter().all(|rank| at_rank(*rank).manner == Manner::Update));
        for rank in [0, 5, 71, 72, 73, 74, 75, 76, 77, 78, 79, 4095] {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            put_host(&mut one, rank);
            put_host(&mut two, rank);
            assert!(one == two && one.contains(&b'.') && one.len() > 8, "{rank}");
        }
    }
}
