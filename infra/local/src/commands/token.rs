//! `trustwatch token`

use super::Data;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::process::ExitCode;
use trustwatch_access::{SchoolRole, TrustRole};
use trustwatch_local::cloud;
use trustwatch_local::dev_token::DevPerson;
use trustwatch_local::gateway::Issuer;
use trustwatch_local::session::Session;
use trustwatch_model::SchoolId;

#[derive(Args)]
pub(crate) struct Token {
    #[command(flatten)]
    data: Data,
    /// Role of the person that the token stands for
    #[arg(long, value_parser = roles())]
    role: String,
    /// School of that person; a role of the trust has none
    #[arg(long)]
    school: Option<SchoolId>,
    /// Minutes that the token is good for
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
}

/// The ids of the roles that a group can give.
fn roles() -> PossibleValuesParser {
    let schools = SchoolRole::ALL.iter().map(|role| role.as_str());
    PossibleValuesParser::new(schools.chain(TrustRole::ALL.iter().map(|role| role.as_str())))
}

impl Token {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = &self.data.data;
        let person = DevPerson::new(&self.role, self.school.as_ref())?;
        let url = cloud::endpoints(data)?.api;
        let session = Session::open(data).await?;
        let lasts = jiff::SignedDuration::from_mins(i64::from(self.minutes));
        let token = person.token(&session.context, &Issuer::open(data)?, &url, lasts).await;
        session.close().await;
        // Standard output is the token and nothing else, so that a shell can put it into a header.
        say!("{}", token?)?;
        Ok(ExitCode::SUCCESS)
    }
}
