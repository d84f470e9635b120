//! The lines of one file, one after the other, in a buffer that does not grow with the file.

use super::clock::{Hour, Moment, Walk, broken};
use super::expected::{Expected, Fate};
use super::fortigate;
use super::layout::{Line, Shape};
use super::request::{Outcome, Request};
use super::schools::School;
use super::text::put;
use super::traffic::Traffic;
use std::io::{self, Write};
use trustwatch_model::Skip;

/// Text is handed on in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;

/// What a file may hold beside lines of web use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extras {
    /// A first row that names the columns.
    pub(super) header: bool,
    /// Faults, blank lines and lines that are not of the web.
    pub(super) faults: bool,
    /// This many lines stood in the preceding version of the same key.
    pub(super) repeats: u64,
}

/// Writes a file's lines in order.
pub(super) struct Lines<'a> {
    shape: Shape,
    extras: Extras,
    network: u8,
    traffic: Traffic,
    walk: Walk<'a>,
    broken: Hour,
    written: u64,
    expected: Expected,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        seed: u64,
        school: &'static School,
        shape: Shape,
        hours: &'a [Hour],
        extras: Extras,
    ) -> Self {
        Self {
            shape,
            extras,
            network: school.network,
            traffic: Traffic::new(seed, school.people(), &school.rules),
            walk: Walk::new(hours),
            broken: broken(),
            written: 0,
            expected: Expected::default(),
        }
    }

    /// Writes up to `lines` more lines, each with its newline.
    pub(super) fn write(&mut self, lines: u64, out: &mut dyn Write) -> io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE_BYTES + 4_096);
        for _ in 0..lines {
            let Some(fate) = self.put(&mut piece) else { break };
            put(&mut piece, "\n");
            self.count(fate, 1);
            if piece.len() >= PIECE_BYTES {
                self.hand_on(&mut piece, out)?;
            }
        }
        self.hand_on(&mut piece, out)
    }

    /// Writes the first half of the next line, as an upload finds it that came while the line was written.
    pub(super) fn write_half(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut piece = Vec::new();
        if self.put(&mut piece).is_some() {
            piece.truncate((piece.len() / 2).max(1));
            self.expected.counts.lines += 1;
            self.expected.counts.held += 1;
        }
        self.hand_on(&mut piece, out)
    }

    /// What was written so far.
    pub(super) const fn expected(&self) -> Expected {
        self.expected
    }

    fn hand_on(&mut self, piece: &mut Vec<u8>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(piece)?;
        self.expected.bytes += piece.len() as u64;
        piece.clear();
        Ok(())
    }

    fn count(&mut self, fate: Fate, lines: u64) {
        self.written += lines;
        if self.written <= self.extras.repeats {
            return self.expected.add(Fate::Skipped(Skip::Repeat));
        }
        self.expected.add(fate);
        if fate == Fate::Event {
            let Request { outcome, planted, .. } = self.traffic.request;
            self.expected.blocked += u64::from(outcome == Outcome::Blocked);
            self.expected.challenged += u64::from(outcome == Outcome::Challenged);
            self.expected.planted += u64::from(planted);
        }
    }

    /// Appends the next line without its newline.
    fn put(&mut self, out: &mut Vec<u8>) -> Option<Fate> {
        let Traffic { dice, .. } = &mut self.traffic;
        let moment = self.walk.next(dice.next() >> 16)?;
        let mut fate = if self.extras.faults { Fate::at(self.written) } else { Fate::Event };
        if let (0, true, Some(header)) = (self.written, self.extras.header, self.shape.header()) {
            put(out, header);
            return Some(Fate::Skipped(Skip::Header));
        }
        let mixed = self.extras.faults && matches!(self.shape, Shape::Fortigate(_));
        if fate == Fate::Event && mixed && dice.one_in(fortigate::NOT_WEB_ONE_IN) {
            fate = Fate::Skipped(Skip::NotWeb);
        }
        match fate {
            Fate::Event => {
                self.line(out, moment);
            }
            Fate::CutOff => {
                let start = out.len();
                let cut = self.line(out, moment);
                out.truncate(start + cut);
            }
            Fate::Old => {
                let hour = std::mem::replace(&mut self.broken, broken());
                self.line(out, Moment { hour: &hour, ..moment });
            }
            Fate::Noise => self.noise(out),
            Fate::Skipped(Skip::NotWeb) => {
                let Traffic { dice, people, request, .. } = &mut self.traffic;
                let person = people.get(request.person);
                let mut line = Line { moment, request, person, network: self.network, dice };
                fortigate::put_other(out, &mut line);
            }
            Fate::Skipped(_) => {}
        }
        Some(fate)
    }

    fn line(&mut self, out: &mut Vec<u8>, moment: Moment<'_>) -> usize {
        self.traffic.draw(moment);
        let Traffic { dice, people, request, .. } = &mut self.traffic;
        let person = people.get(request.person);
        self.shape.put(out, &mut Line { moment, request, person, network: self.network, dice })
    }

    /// What a full disk or a torn write leaves: bytes that are no text in any encoding that logs use.
    fn noise(&mut self, out: &mut Vec<u8>) {
        let dice = &mut self.traffic.dice;
        for _ in 0..8 + dice.below(8) {
            let bytes = dice.next().to_le_bytes();
            // The eighth bit keeps line ends, spaces and everything readable out.
            out.extend(bytes.map(|byte| byte | 0x80));
            out.push(bytes[0] & 7);
        }
    }
}
