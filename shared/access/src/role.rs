//! Roles, and what a person was granted: a role at one school, or a role of the whole trust.

use serde::Serialize;
use trustwatch_model::SchoolId;

macro_rules! roles {
    ($(#[$doc:meta])* $name:ident { $($(#[$role_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name {
            $($(#[$role_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The id that stands in the group map and in answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The role with this id.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|role| role.as_str() == text)
            }
        }
    };
}

roles! {
    /// A role that is held at named schools.
    SchoolRole {
        /// The school's own IT staff.
        SchoolIt = "school_it",
        /// Designated safeguarding lead, and each deputy.
        Dsl = "dsl",
        /// Headteacher.
        Head = "head",
        /// Deputy headteacher.
        DeputyHead = "deputy_head",
        /// Governor of the school.
        Governor = "governor",
    }
}

roles! {
    /// A role that is held in the whole trust.
    TrustRole {
        /// IT staff of the trust.
        TrustIt = "trust_it",
        /// Safeguarding lead of the trust.
        TrustLead = "trust_lead",
        /// Data protection officer.
        Dpo = "dpo",
        /// Chair of the trustees.
        Chair = "chair",
    }
}

/// One thing that a person was granted. A person may hold several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Grant {
    /// At one school.
    School {
        /// As what.
        role: SchoolRole,
        /// Where.
        school: SchoolId,
    },
    /// In the whole trust.
    Trust {
        /// As what.
        role: TrustRole,
    },
}
