//! What a visit asks for: each page brings its pictures, suggestions and trackers along.

use super::dice::Dice;
use super::searches::{put_results, put_suggestions};
use super::sites::{self, Manner, Site, Subject, TRACKERS, WORDS};
use super::text::{dec, hex, padded, put, put_all, token};
use super::traffic::Visit;

/// What the filter made of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Allowed,
    Blocked,
    /// Asked to log in first. Only a proxy does that.
    Challenged,
}

/// One request. Its texts are used again for the next: a line costs no allocation.
#[derive(Debug)]
pub(super) struct Request {
    /// Number of the person, whose machine it is too.
    pub(super) person: u16,
    /// Whether the person was logged in; a machine also fetches things by itself.
    pub(super) attended: bool,
    pub(super) host: Vec<u8>,
    /// Path and query.
    pub(super) target: Vec<u8>,
    /// Host of the page that asked, if one did.
    pub(super) referrer: Vec<u8>,
    pub(super) method: &'static str,
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) secure: bool,
    /// The filter could not look inside: only the host is known.
    pub(super) tunnel: bool,
    pub(super) outcome: Outcome,
    pub(super) subject: Subject,
    /// The search that the request sends off is one of the planted ones.
    pub(super) planted: bool,
}

impl Request {
    /// One that is yet to be filled.
    pub(super) fn empty() -> Self {
        Self {
            person: 0,
            attended: false,
            host: Vec::with_capacity(64),
            target: Vec::with_capacity(512),
            referrer: Vec::with_capacity(64),
            method: "GET",
            status: 200,
            content_type: "",
            bytes_in: 0,
            bytes_out: 0,
            secure: true,
            tunnel: false,
            outcome: Outcome::Allowed,
            subject: Subject::Search,
            planted: false,
        }
    }

    /// Begins anew, at this site.
    pub(super) fn begin(&mut self, site: Site, visit: &Visit) {
        self.host.clear();
        self.target.clear();
        self.referrer.clear();
        sites::put_host(&mut self.host, visit.rank);
        self.person = visit.person;
        self.attended = site.manner != Manner::Update;
        self.method = "GET";
        self.subject = site.subject;
        self.secure = true;
        self.tunnel = visit.tunnel;
        self.outcome = Outcome::Allowed;
        self.planted = false;
    }

    /// Sizes and status of a page.
    pub(super) fn page(&mut self, dice: &mut Dice) {
        self.content_type = "text/html";
        self.bytes_in = dice.size(3_000, 6);
        self.bytes_out = dice.size(400, 3);
        self.status = match dice.below(100) {
            0..88 => 200,
            88..92 => 302,
            92..99 => 304,
            _ => 404,
        };
    }

    /// Sizes and status of something that a page brings along.
    fn asset(&mut self, dice: &mut Dice, content_type: &'static str) {
        self.content_type = content_type;
        self.bytes_in = dice.size(500, 9);
        self.bytes_out = dice.size(300, 2);
        self.status = match dice.below(100) {
            0..74 => 200,
            74..98 => 304,
            _ => 404,
        };
        if self.status == 304 {
            self.bytes_in = 180 + u64::from(dice.below(200));
        }
    }

    /// Something sent in the background, with hardly an answer.
    fn beacon(&mut self, dice: &mut Dice) {
        self.method = "POST";
        self.content_type = "text/plain";
        self.status = 204;
        self.bytes_in = 150 + u64::from(dice.below(300));
        self.bytes_out = dice.size(600, 4);
    }

    pub(super) fn refuse(&mut self, dice: &mut Dice, outcome: Outcome) {
        self.outcome = outcome;
        self.content_type = "text/html";
        self.bytes_in = 3_800 + u64::from(dice.below(200));
        self.planted = false;
        self.status = if outcome == Outcome::Blocked { 403 } else { 407 };
    }

    /// The page of a site that a visit is at, so that its pictures can name it.
    fn refer(&mut self) {
        let (host, referrer) = (&self.host, &mut self.referrer);
        referrer.extend_from_slice(host);
    }

    pub(super) fn search(&mut self, dice: &mut Dice, visit: &mut Visit) {
        let Some(search) = visit.search else { return self.pages(dice, visit) };
        // Suggestions come while the first half of the requests is made.
        let typing = 1 + (visit.key % 4) as u16;
        self.refer();
        if visit.made < typing {
            let letters = (search.len() * usize::from(visit.made + 1) / usize::from(typing + 1)).max(1);
            put_suggestions(&mut self.target, &self.referrer, &search, letters, dice);
            self.asset(dice, "application/json");
        } else if visit.made == typing {
            put_results(&mut self.target, &self.referrer, &search, dice);
            self.status = 200;
            self.planted = search.planted;
        } else if dice.one_in(2) {
            self.host.clear();
            put_all(&mut self.host, &["encrypted-tbn", dice.pick(&["0", "1", "2", "3"]), ".gstatic.com"]);
            put(&mut self.target, "/images?q=tbn:ANd9Gc");
            token(&mut self.target, dice, 44);
            put(&mut self.target, "&s=10");
            self.asset(dice, "image/jpeg");
            self.subject = Subject::Delivery;
        } else {
            put(&mut self.target, "/gen_204?atyp=i&ct=slh&ei=");
            token(&mut self.target, dice, 22);
            put(&mut self.target, "&zx=");
            dec(&mut self.target, dice.next() >> 20);
            self.beacon(dice);
        }
    }

    pub(super) fn video(&mut self, dice: &mut Dice, visit: &mut Visit) {
        self.refer();
        match visit.made {
            0 if visit.search.is_some() => {
                if let Some(search) = visit.search {
                    put_results(&mut self.target, &self.referrer, &search, dice);
                    self.status = 200;
                    self.planted = search.planted;
                }
            }
            made if made % 8 == 1 => {
                put(&mut self.target, "/watch?v=");
                token(&mut self.target, &mut Dice::new(visit.key + u64::from(made / 8)), 11);
                if made > 8 {
                    put(&mut self.target, "&pp=");
                    token(&mut self.target, dice, 20);
                }
            }
            made => match dice.below(4) {
                0 => {
                    self.host.clear();
                    put(&mut self.host, "i.ytimg.com");
                    put(&mut self.target, "/vi/");
                    token(&mut self.target, dice, 11);
                    put(&mut self.target, "/hqdefault.jpg?sqp=-oaymwE");
                    token(&mut self.target, dice, 24);
                    self.asset(dice, "image/jpeg");
                }
                1 => {
                    put(&mut self.target, "/api/stats/qoe?fmt=398&afmt=251&cpn=");
                    token(&mut self.target, dice, 16);
                    put(&mut self.target, "&el=detailpage&ns=yt&fexp=v1%2C");
                    dec(&mut self.target, u64::from(dice.below(99_999_999)));
                    self.beacon(dice);
                }
                _ => {
                    self.host.clear();
                    put(&mut self.host, "rr");
                    dec(&mut self.host, 1 + visit.key % 5);
                    put_all(&mut self.host, &["---sn-aigl6n", dice.pick(&["ez", "7s", "sk"])]);
                    put(&mut self.host, ".googlevideo.com");
                    put(&mut self.target, "/videoplayback?expire=1792");
                    padded(&mut self.target, visit.key % 1_000_000, 6, b'0');
                    put(&mut self.target, "&mime=video%2Fmp4&rn=");
                    dec(&mut self.target, u64::from(made));
                    put(&mut self.target, "&sig=");
                    token(&mut self.target, dice, 60);
                    self.asset(dice, "video/mp4");
                    self.status = 206;
                    self.bytes_in = dice.size(60_000, 6);
                }
            },
        }
    }

    pub(super) fn document(&mut self, dice: &mut Dice, visit: &Visit) {
        let mut named = Dice::new(visit.key);
        if visit.made > 0 {
            self.refer();
        }
        let place = named.pick(&["/document/d/", "/c/", "/presentation/d/", "/files/", "/spreadsheets/d/"]);
        put(&mut self.target, place);
        token(&mut self.target, &mut named, 33);
        if visit.made == 0 {
            put(&mut self.target, "/edit");
        } else if dice.one_in(3) {
            put(&mut self.target, "/bind?VER=8&RID=rpc&SID=");
            token(&mut self.target, dice, 22);
            put(&mut self.target, "&zx=");
            dec(&mut self.target, dice.next() >> 24);
            self.beacon(dice);
        } else {
            put_all(&mut self.target, &["/", dice.pick(&WORDS), "?usp=sharing&ouid="]);
            dec(&mut self.target, dice.next() >> 4);
            self.asset(dice, "application/json");
        }
    }

    /// What a machine fetches by itself, each from its own vendor.
    pub(super) fn update(&mut self, dice: &mut Dice, key: u64) {
        self.secure = false;
        self.tunnel = false;
        let out = &mut self.target;
        match self.host.as_slice() {
            b"download.windowsupdate.com" => {
                put(out, "/c/msdownload/update/software/secu/2026/10/windows11.0-kb50");
                padded(out, key % 100_000, 5, b'0');
                put(out, "-x64_");
                hex(out, &mut Dice::new(key), 40);
                put(out, ".cab");
                self.content_type = "application/vnd.ms-cab-compressed";
                self.bytes_in = dice.size(100_000, 8);
                self.status = 206;
            }
            b"update.googleapis.com" => {
                put(out, "/service/update2/json?cup2key=14:");
                token(out, dice, 43);
                put(out, "&cup2hreq=");
                hex(out, dice, 64);
                self.method = "POST";
                self.content_type = "application/json";
                self.status = 200;
            }
            b"mesu.apple.com" => {
                put(out, "/assets/com_apple_MobileAsset_TrialPolicy/com_apple_MobileAsset_");
                hex(out, &mut Dice::new(key % 64), 12);
                put(out, ".xml");
                self.asset(dice, "text/xml");
            }
            _ => {
                put(out, "/MFEwTzBNMEswSTAJBgUrDgMCGgUABB");
                token(out, &mut Dice::new(key % 64), 42);
                put(out, "%3D");
                self.asset(dice, "application/ocsp-response");
            }
        }
    }

    pub(super) fn pages(&mut self, dice: &mut Dice, visit: &Visit) {
        // About one request in seven is a page that someone meant.
        if visit.made.is_multiple_of(7) {
            if visit.made > 0 {
                self.refer();
            }
            self.put_page(&mut Dice::new(visit.key + u64::from(visit.made)));
            return;
        }
        self.refer();
        match dice.below(10) {
            0..4 => {
                self.host.clear();
                sites::put_delivery_host(&mut self.host, dice);
                put(&mut self.target, "/images/");
                hex(&mut self.target, dice, 8);
                put_all(&mut self.target, &["/", dice.pick(&WORDS), "-", dice.pick(&WORDS)]);
                put_all(&mut self.target, &[dice.pick(&["_640x360", "_1200", "-thumb", ""]), ".jpg?v="]);
                hex(&mut self.target, dice, 8);
                put(
                    &mut self.target,
                    dice.pick(&["", "&auto=format&fit=crop&w=640&q=75", "&width=620&quality=85&dpr=2"]),
                );
                self.asset(dice, dice_type(visit.key));
                self.subject = Subject::Delivery;
            }
            4..6 => {
                put_all(
                    &mut self.target,
                    &["/assets/", dice.pick(&["js", "css", "fonts"]), "/", dice.pick(&WORDS), "."],
                );
                hex(&mut self.target, dice, 12);
                put(&mut self.target, dice.pick(&[".min.js", ".css", ".woff2"]));
                self.asset(dice, "application/javascript");
            }
            6 => {
                put_all(&mut self.target, &["/api/v2/", dice.pick(&WORDS), "?limit=20&page=1&session="]);
                hex(&mut self.target, dice, 24);
                self.asset(dice, "application/json");
            }
            _ => self.tracker(dice),
        }
    }

    fn tracker(&mut self, dice: &mut Dice) {
        let (host, target, subject) = dice.pick(&TRACKERS);
        self.host.clear();
        put(&mut self.host, host);
        for (at, piece) in target.split('%').enumerate() {
            if at > 0 {
                dec(&mut self.target, dice.next() >> 34);
            }
            put(&mut self.target, piece);
        }
        put(&mut self.target, "&dl=https%3A%2F%2F");
        self.target.extend_from_slice(&self.referrer);
        put_all(&mut self.target, &["%2F", dice.pick(&WORDS)]);
        self.beacon(dice);
        self.subject = subject;
    }

    fn put_page(&mut self, named: &mut Dice) {
        let out = &mut self.target;
        let mut word = || named.pick(&WORDS);
        let (one, two, three, four) = (word(), word(), word(), word());
        let number = u64::from(named.below(90_000_000));
        match named.below(6) {
            0 => {
                put_all(out, &["/", one, "/", two, "/", three, "-", four, "-"]);
                dec(out, number);
            }
            1 => {
                put_all(out, &["/", one, "/", two, "?id="]);
                dec(out, number);
                put_all(out, &["&ref=", three, "&page="]);
                dec(out, number % 9);
            }
            2 => {
                put_all(out, &["/", one, "/2026/oct/"]);
                padded(out, number % 25 + 1, 2, b'0');
                put_all(out, &["/", two, "-", three, "-", four]);
            }
            3 => {
                put_all(
                    out,
                    &[
                        "/",
                        one,
                        "-",
                        two,
                        "/?utm_source=",
                        three,
                        "&utm_medium=email&utm_campaign=",
                        four,
                        "-",
                    ],
                );
                dec(out, number % 1_000);
            }
            4 => put_all(out, &["/", one, "/", two, "-", three, ".html"]),
            _ => put(out, "/"),
        }
    }
}

/// Pictures are of one kind in one visit.
const fn dice_type(key: u64) -> &'static str {
    match key % 3 {
        0 => "image/webp",
        1 => "image/jpeg",
        _ => "image/png",
    }
}
