//! What the columns of each portal hold.
//!
//! Only Smoothwall (help.smoothwall.net, "Web filter" under Reports), Lightspeed's Rocket (community.lightspeedsystems.com,
//! "Activity Logs") and Securly's behaviour (support.securly.com, "How do I read Filter activity reports?") are
//! documented. The others' columns are what their portals show, and are to be confirmed by a school's first file.

use super::{PORTAL, Portal, TIMES, refine_senso, refine_smoothwall};
use crate::format::table::{Dialect, Table};
use crate::row::Field;

/// All of them, in the order of their ids.
pub(super) static PORTALS: [&Portal; 7] =
    [&LGFL, &LIGHTSPEED, &LINEWIZE, &NETSWEEPER, &SECURLY, &SENSO, &SMOOTHWALL];

/// Smoothwall Filter on premise, and Smoothwall Cloud Filter.
pub(in crate::format) static SMOOTHWALL: Portal = Portal(Table {
    id: "smoothwall",
    title: "Smoothwall Filter and Cloud Filter",
    names: &[
        ("Time", Field::TimeOfDay),
        ("Username", Field::User),
        ("Source IP", Field::SourceIp),
        ("Group", Field::Group),
        ("Code", Field::Status),
        ("URL", Field::Url),
        ("Category", Field::Category),
        ("Domain", Field::Host),
        ("Log Level", Field::Detail),
        ("Tenant", Field::Kind),
        ("Breach Level", Field::Rule),
        ("Safeguarding Categories", Field::Category),
        ("Safeguarding Category", Field::Category),
        ("Search Term", Field::SearchTerms),
        ("Device", Field::Device),
        ("Date/Time", Field::Time),
        ("Action", Field::Action),
    ],
    refine: refine_smoothwall,
    ..PORTAL
});

/// LGfL SchoolProtect (WebScreen), which is a Netsweeper run for many schools.
pub(in crate::format) static LGFL: Portal = Portal(Table {
    id: "lgfl",
    title: "LGfL SchoolProtect",
    names: &[
        ("School", Field::Kind),
        ("School Name", Field::Kind),
        ("Establishment", Field::Kind),
        ("DfE Number", Field::Kind),
        ("USO", Field::User),
        ("USO Username", Field::User),
        ("Date/Time", Field::Time),
        ("Client IP", Field::SourceIp),
        ("Client Name", Field::User),
        ("Policy", Field::Rule),
        ("Category Name", Field::Category),
        ("URL", Field::Url),
        ("Action", Field::Action),
    ],
    ..PORTAL
});

/// Netsweeper, hosted or on site: its reporter writes the fields that somebody chose.
pub(in crate::format) static NETSWEEPER: Portal = Portal(Table {
    id: "netsweeper",
    title: "Netsweeper log export",
    names: &[
        ("Date/Time", Field::Time),
        ("Client IP", Field::SourceIp),
        ("Client Name", Field::User),
        ("User/Client Name", Field::User),
        ("Group", Field::Group),
        ("Policy", Field::Rule),
        ("Category Name", Field::Category),
        ("Category Number", Field::Category),
        ("URL", Field::Url),
        ("Action", Field::Action),
        ("Host Name", Field::Kind),
        ("Log Level", Field::Detail),
    ],
    ..PORTAL
});

/// Lightspeed Rocket's activity log and Lightspeed Filter's reports.
pub(in crate::format) static LIGHTSPEED: Portal = Portal(Table {
    id: "lightspeed",
    title: "Lightspeed Rocket and Lightspeed Filter",
    names: &[
        ("Destination", Field::Url),
        ("Action", Field::Action),
        ("Reason", Field::Rule),
        ("User", Field::User),
        ("User Email", Field::User),
        ("IP Address", Field::SourceIp),
        ("User Groups", Field::Group),
        ("User OU", Field::Group),
        ("Computer", Field::Device),
        ("Category", Field::Category),
        ("Date/Time", Field::Time),
        ("Timestamp", Field::Time),
        ("Group", Field::Group),
        ("Device", Field::Device),
        ("Source IP", Field::SourceIp),
        ("URL", Field::Url),
        ("Rule Set", Field::Rule),
        ("Inspected", Field::Kind),
    ],
    ..PORTAL
});

/// Securly Filter's activity report, whose table stands below what it was asked for.
pub(in crate::format) static SECURLY: Portal = Portal(Table {
    id: "securly",
    title: "Securly Filter activity report",
    names: &[
        ("URL", Field::Url),
        ("Site", Field::Url),
        ("Who", Field::User),
        ("User", Field::User),
        ("Source", Field::Kind),
        ("Activity Source", Field::Kind),
        ("Activity", Field::Action),
        ("Action", Field::Action),
        ("Category", Field::Category),
        ("Policy", Field::Rule),
        ("Date and Time", Field::Time),
        ("Device Location", Field::Detail),
        ("Search", Field::SearchTerms),
    ],
    preamble: &[
        "Org. units",
        "Org units",
        "Organizational units",
        "Organisational units",
        "Report for",
        "Report generated",
        "Date range",
        "Activity Sources",
        "Policies",
        "Categories:",
        "Categories,",
        "Activities",
    ],
    ..PORTAL
});

/// Linewize (Qoria): connections and searches of School Manager. A theme is a category, a signature an application.
pub(in crate::format) static LINEWIZE: Portal = Portal(Table {
    id: "linewize",
    title: "Linewize School Manager",
    names: &[
        ("Time", Field::TimeOfDay),
        ("User", Field::User),
        ("Group", Field::Group),
        ("Device", Field::Device),
        ("MAC", Field::Device),
        ("Source IP", Field::SourceIp),
        ("URL", Field::Url),
        ("Host", Field::Host),
        ("Website", Field::Host),
        ("Theme", Field::Category),
        ("Signature", Field::Category),
        ("Verdict", Field::Action),
        ("Rule", Field::Rule),
        ("Bytes Up", Field::BytesOut),
        ("Upload", Field::BytesOut),
        ("Bytes Down", Field::BytesIn),
        ("Download", Field::BytesIn),
        ("Search Phrase", Field::SearchTerms),
    ],
    ..PORTAL
});

/// Senso's keyword violations: what was typed in any window, with or without a page.
pub(in crate::format) static SENSO: Portal = Portal(Table {
    id: "senso",
    title: "Senso keyword violations",
    dialects: &[Dialect::Header(&[TIMES, &[Field::Url, Field::Host, Field::SearchTerms]])],
    names: &[
        ("Date", Field::Date),
        ("Time", Field::TimeOfDay),
        ("Username", Field::User),
        ("User", Field::User),
        ("Device", Field::Device),
        ("Computer", Field::Device),
        ("URL", Field::Url),
        ("Window Title", Field::Detail),
        ("Phrase", Field::SearchTerms),
        ("Keyword", Field::SearchTerms),
        ("Violation", Field::SearchTerms),
        ("Library", Field::Category),
        ("Severity", Field::Rule),
        ("Screenshot", Field::Kind),
        ("Application", Field::Kind),
    ],
    refine: refine_senso,
    ..PORTAL
});
