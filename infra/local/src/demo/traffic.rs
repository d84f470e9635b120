//! Who sits at the machines: a few people browse at the same time, as long as the school is open.

use super::clock::{Hour, Moment};
use super::dice::Dice;
use super::people::People;
use super::request::{Outcome, Request};
use super::searches::Search;
use super::sites::{self, Manner, Subject};
use std::ops::Range;

/// One person at one site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) person: u16,
    pub(super) rank: u16,
    /// What the pages' names are made from.
    pub(super) key: u64,
    /// Requests made so far.
    pub(super) made: u16,
    /// Requests to come.
    pub(super) left: u16,
    pub(super) search: Option<Search>,
    pub(super) tunnel: bool,
    /// Begun while the school was open.
    pub(super) open: bool,
}

/// What a school's filter does with requests.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Subjects that it refuses.
    pub(super) blocked: &'static [Subject],
    /// How many visits out of a hundred it cannot look into.
    pub(super) tunnels: u32,
    /// Whether it asks for a login in the line of a request.
    pub(super) challenges: bool,
    /// Hours of the wall clock in which people sit at the machines.
    pub(super) open: Range<u8>,
    /// Whether they do at the weekend.
    pub(super) weekends: bool,
}

impl Rules {
    fn is_open(&self, hour: &Hour) -> bool {
        self.open.contains(&hour.local.hour) && (self.weekends || !hour.weekend)
    }
}

/// People who browse at the same time.
const VISITS: u32 = 24;

/// Requests without end. It holds a school's people and a few visits, however many lines are drawn.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) dice: Dice,
    pub(super) people: People,
    pub(super) request: Request,
    rules: &'static Rules,
    visits: [Option<Visit>; VISITS as usize],
}

impl Traffic {
    pub(super) fn new(seed: u64, people: People, rules: &'static Rules) -> Self {
        Self {
            dice: Dice::new(seed),
            people,
            request: Request::empty(),
            rules,
            visits: [None; VISITS as usize],
        }
    }

    /// Someone sits down and goes to a site.
    fn arrive(&mut self, open: bool) -> Visit {
        let dice = &mut self.dice;
        // In an empty school the machines fetch updates, and now and then someone of staff stays late.
        let attended = open || dice.one_in(8);
        let rank = if attended { sites::POPULARITY.draw(dice) } else { dice.pick(&sites::UPDATE_RANKS) };
        let site = sites::at_rank(rank);
        let searches = site.manner == Manner::Search || (site.manner == Manner::Video && dice.one_in(3));
        let left = match site.manner {
            Manner::Pages => 3 + dice.below(18),
            Manner::Search => 4 + dice.below(8),
            Manner::Video => 6 + dice.below(20),
            Manner::Document => 3 + dice.below(14),
            Manner::Update => 1 + dice.below(3),
        };
        Visit {
            person: if open { self.people.draw(dice) } else { self.people.draw_staff(dice) },
            rank,
            key: dice.next(),
            made: 0,
            left: u16::try_from(left).unwrap_or(1),
            search: searches.then(|| Search::draw(dice)),
            tunnel: dice.percent(self.rules.tunnels),
            open,
        }
    }

    /// Draws the next request into `self.request`.
    pub(super) fn draw(&mut self, moment: Moment<'_>) {
        let at = self.dice.below(VISITS) as usize;
        // When the school closes, everyone gets up.
        let open = self.rules.is_open(moment.hour);
        let present =
            self.visits.get(at).copied().flatten().filter(|visit| visit.left > 0 && visit.open == open);
        let mut visit = present.unwrap_or_else(|| self.arrive(open));
        self.fill(&mut visit);
        if let Some(place) = self.visits.get_mut(at) {
            *place = Some(visit);
        }
    }

    fn fill(&mut self, visit: &mut Visit) {
        let (dice, request) = (&mut self.dice, &mut self.request);
        let site = sites::at_rank(visit.rank);
        request.begin(site, visit);
        request.page(dice);
        match site.manner {
            Manner::Update => request.update(dice, visit.key),
            Manner::Search => request.search(dice, visit),
            Manner::Video => request.video(dice, visit),
            Manner::Document => request.document(dice, visit),
            Manner::Pages => request.pages(dice, visit),
        }
        visit.made += 1;
        visit.left -= 1;
        if self.rules.blocked.contains(&request.subject) {
            request.refuse(dice, Outcome::Blocked);
            // A refused page loads nothing else; now and then someone tries again.
            visit.left = visit.left.min(u16::from(dice.one_in(3)));
        } else if self.rules.challenges && request.attended && visit.made == 1 && dice.percent(30) {
            request.refuse(dice, Outcome::Challenged);
            (visit.made, visit.left) = (0, visit.left + 1);
        }
        if request.tunnel {
            // What is asked for inside a tunnel stays there.
            request.target.clear();
            request.target.push(b'/');
            request.planted = false;
        }
    }
}
