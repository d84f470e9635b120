//! `trustwatch ship`

use super::{Data, bytes_bar};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trustwatch_local::cloud::{Endpoints, connect, credentials};
use trustwatch_local::session::{Session, must_exist};
use trustwatch_model::{FeedId, RawKey, SchoolId};
use trustwatch_store::{Credentials, Store};

#[derive(Args)]
pub(crate) struct Ship {
    #[command(flatten)]
    data: Data,
    /// School
    #[arg(long)]
    school: SchoolId,
    /// Feed of the school
    #[arg(long)]
    feed: FeedId,
    /// S3 to send to, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the environment (or the keys of --data)
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Log files, plain or compressed
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Ship {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let keyed: Vec<(String, &Path)> = self
            .files
            .iter()
            .map(|file| {
                // All are looked at before the first is sent: a typing mistake sends nothing.
                let unreadable = || format!("cannot read `{}`", file.display());
                let kind = std::fs::metadata(file).with_context(unreadable)?.file_type();
                ensure!(!kind.is_dir(), "`{}` is a directory: name the files in it", file.display());
                // Before it is opened: a pipe that nobody writes to would be waited for.
                let advice = "write what it gives into one first";
                ensure!(kind.is_file(), "`{}` is no file: {advice}", file.display());
                std::fs::File::open(file).with_context(unreadable)?;
                Ok((self.key(file)?, file.as_path()))
            })
            .collect::<anyhow::Result<_>>()?;
        let mut names = BTreeMap::new();
        for (key, file) in &keyed {
            if let Some(other) = names.insert(key, *file) {
                let (one, two) = (other.display(), file.display());
                bail!(
                    "`{one}` and `{two}` have one name, and the second would be taken for a longer version of the first ({key}): rename one"
                );
            }
        }
        match &self.endpoint {
            Some(endpoint) => {
                let keys = self.keys_for(endpoint)?;
                let endpoints = Endpoints { s3: endpoint.clone(), ..Endpoints::default() };
                send_all(&connect(&endpoints, &keys).await, &keyed).await?;
            }
            None => {
                must_exist(&self.data.data)?;
                let session = Session::open(&self.data.data).await?;
                let sent = send_all(&session.context.store, &keyed).await;
                let live = session.is_live();
                session.close().await;
                sent?;
                if !live {
                    say!("The system is not running: `trustwatch up` will work on what was sent.")?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn key(&self, file: &Path) -> anyhow::Result<String> {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("`{}` has no name that can be a key", file.display()))?;
        let key = format!("{}/{}/{name}", self.school, self.feed);
        RawKey::parse(&key)?;
        Ok(key)
    }

    fn keys_for(&self, endpoint: &str) -> anyhow::Result<Credentials> {
        let var = |name: &str| std::env::var(name).ok();
        if let Some((access_key, secret_key)) = var("AWS_ACCESS_KEY_ID").zip(var("AWS_SECRET_ACCESS_KEY")) {
            return Ok(Credentials { access_key, secret_key });
        }
        must_exist(&self.data.data).and_then(|()| credentials(&self.data.data)).with_context(|| {
            format!("no key for {endpoint}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        })
    }
}

async fn send_all(store: &Store, files: &[(String, &Path)]) -> anyhow::Result<()> {
    for (key, file) in files {
        let bytes =
            std::fs::metadata(file).with_context(|| format!("cannot read `{}`", file.display()))?.len();
        let bar = bytes_bar(bytes, key)?;
        let counted = bar.clone();
        let version = store
            .upload_file(key, file, move |bytes| counted.inc(bytes))
            .await
            .with_context(|| format!("cannot send `{}`", file.display()))?;
        bar.finish();
        say!("sent {key} ({bytes} bytes, version {version})")?;
    }
    Ok(())
}
