//! One process that is S3, DynamoDB, SQS, the event sources, the functions and the HTTP gateway.

use crate::durability::Durability;
use crate::functions::{Classify, Compact, Normalise};
use crate::gateway::{self, Issuer};
use crate::kms::{self, MasterKey};
use crate::leftover;
use crate::queue::{self, Dispatcher, Handler, Mapping, QueueSpec, QueueStore, Schedule, Status, When};
use crate::s3::{self, S3Store};
use crate::secret;
use crate::servers::Servers;
use crate::table;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use trustwatch_pipeline::{Clock, Context, Limits};
use trustwatch_runtime::WRITER;
use trustwatch_store::{Connection, Credentials, Names, Store};

/// Names of the local deployment.
const RAW: &str = "trustwatch-raw";
const LAKE: &str = "trustwatch-lake";
const CONFIG: &str = "trustwatch-config";
const TABLE: &str = "trustwatch";
const NORMALISE: &str = "trustwatch-normalise";
const BACKFILL: &str = "trustwatch-backfill";
const CLASSIFY: &str = "trustwatch-classify";

/// Time-outs of the functions, and the visibility of their queues: six times as long.
const LIVE_TIME_OUT: Duration = Duration::from_secs(60);
/// How much longer a lease lasts than the function that holds it.
const LEASE_BEYOND: Duration = Duration::from_secs(10);
const BACKFILL_TIME_OUT: Duration = Duration::from_secs(900);
const VISIBILITY_TIMES: u64 = 6;
/// Deliveries of a message before it is a dead letter.
pub const RECEIVES_MAX: u32 = 8;

/// How the cloud is started.
#[derive(Clone)]
pub struct CloudOptions {
    /// Directory of all data; made if it is not there.
    pub data: PathBuf,
    /// Port of the API; S3, DynamoDB, SQS and KMS have the four after it, in this order. 0 takes any free ports.
    pub port: u16,
    /// What acknowledged writes survive.
    pub durability: Durability,
    /// Whether functions run, the API among them. Without, the data can be looked at and nothing changes.
    pub dispatch: bool,
    /// The time.
    pub clock: Clock,
    /// How long to wait for another process to let go of the directory.
    pub lock_patience: Duration,
}

impl CloudOptions {
    /// The default for a data directory.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            port: 0,
            durability: Durability::PowerLoss,
            dispatch: true,
            clock: Arc::new(jiff::Timestamp::now),
            lock_patience: s3::LOCK_PATIENCE,
        }
    }
}

/// Where a running cloud listens. Written to `endpoints.json` of the data directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The JSON API.
    pub api: String,
    /// S3.
    pub s3: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// SQS.
    pub sqs: String,
    /// KMS.
    pub kms: String,
}

/// File of the endpoints.
pub const ENDPOINTS_FILE: &str = "endpoints.json";
/// File of the access key, readable by its owner alone.
pub const CREDENTIALS_FILE: &str = "credentials";

/// A running cloud.
pub struct Cloud {
    /// Where it listens.
    pub endpoints: Endpoints,
    /// The key to its S3, SQS and KMS.
    pub credentials: Credentials,
    /// What the functions work with.
    pub context: Context,
    dispatcher: Option<Dispatcher>,
    queues: QueueStore,
    servers: Servers,
    data: PathBuf,
}

impl Cloud {
    /// Starts everything. When this returns, requests are answered, and work that an earlier process left is
    /// queued again, or will be when what keeps it from that has passed.
    ///
    /// # Errors
    /// When the data directory cannot be used, is used by another process, or a port is taken.
    pub async fn start(options: CloudOptions) -> anyhow::Result<Self> {
        let data = &options.data;
        make_private(data).with_context(|| format!("cannot make `{}`", data.display()))?;
        let credentials = credentials(data)?;
        let s3_store = open_s3(&options).await?;
        let queues = open_queues(&options).await?;
        let listeners = Listeners::bind(options.port).await?;
        let endpoints = listeners.endpoints()?;
        let mut servers = Servers::new();
        let table = table::open(data)?;
        servers.spawn("DynamoDB", table::serve(table.clone(), listeners.dynamodb));
        let keys = credentials.clone();
        let served = Arc::clone(&s3_store);
        servers.spawn("S3", s3::serve(listeners.s3, served, keys));
        let sqs = queue::router(queues.clone(), credentials.clone());
        servers.spawn("SQS", axum::serve(listeners.sqs, sqs).into_future());
        let kms = kms::router(MasterKey::open(data)?, credentials.clone());
        servers.spawn("KMS", axum::serve(listeners.kms, kms).into_future());
        let store = connect(&endpoints, &credentials).await;
        store.provision().await.context("cannot make the buckets and the table")?;
        // A worker of an earlier process is gone with it, and keeps nobody away.
        let limits = Limits { alone_since_ms: (options.clock)().as_millisecond(), ..Limits::default() };
        let context = Context::new(store, Arc::clone(&options.clock), limits, WRITER);
        let dispatcher = if options.dispatch {
            servers.spawn_aside(table::sweep(table));
            let (issuer, clock) = (Issuer::open(data)?, Arc::clone(&options.clock));
            let api = trustwatch_api::router(trustwatch_api::Api::new(context.clone())?);
            let api = gateway::router(api, &issuer, &endpoints.api, clock);
            let api = api.into_make_service_with_connect_info::<SocketAddr>();
            servers.spawn("API", axum::serve(listeners.api, api).into_future());
            // The process before may have been killed in mid-work: what it held is worked on again now, and what it
            // had given up as dead letters is, too.
            queues.release_in_flight().await.context("cannot take back the work that was begun")?;
            leftover::queue(&context, &queues, &mut servers).await;
            Some(dispatcher(&queues, &context, &s3_store)?)
        } else {
            None
        };
        // A command that opened the directory for itself is gone in a moment: others must not connect to it.
        if dispatcher.is_some() {
            write_whole(&data.join(ENDPOINTS_FILE), &serde_json::to_vec_pretty(&endpoints)?)?;
        }
        Ok(Self { endpoints, credentials, context, dispatcher, queues, servers, data: data.clone() })
    }

    /// Waiting, running and dead messages of each queue.
    ///
    /// # Errors
    /// When the queue file cannot be read.
    pub async fn status(&self) -> anyhow::Result<Status> {
        Ok(self.queues.status().await?)
    }

    /// Whether no message waits or is worked on.
    ///
    /// # Errors
    /// When the queue file cannot be read.
    pub async fn is_idle(&self) -> anyhow::Result<bool> {
        let work = self.status().await?.work();
        Ok(work.waiting + work.running == 0)
    }

    /// The queues, for tests that put messages of their own.
    #[must_use]
    pub const fn queues(&self) -> &QueueStore {
        &self.queues
    }

    /// Does `work`, for which the cloud must run.
    ///
    /// # Errors
    /// Those of `work`; and at once when a server of the cloud has ended, without which `work` might never end.
    pub async fn run<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            ended = self.servers.ended() => Err(ended),
        }
    }

    /// Stops: takes no more work and waits for what runs.
    pub async fn stop(mut self) {
        if let Some(dispatcher) = self.dispatcher.take() {
            dispatcher.stop(LIVE_TIME_OUT).await;
        }
        // A file that names dead ports would cost the next command a look.
        let _ = std::fs::remove_file(self.data.join(ENDPOINTS_FILE));
        self.servers.shutdown().await;
    }
}

/// Writes a file so that a reader sees the old one or the new one, never a half.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = path.with_extension("new");
    std::fs::write(&written, bytes)
        .and_then(|()| std::fs::rename(&written, path))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// Where the system that runs on a data directory listens.
///
/// # Errors
/// When none runs there.
pub fn endpoints(data: &Path) -> anyhow::Result<Endpoints> {
    let file = std::fs::read(data.join(ENDPOINTS_FILE)).ok();
    let endpoints = file.and_then(|file| serde_json::from_slice(&file).ok());
    endpoints
        .with_context(|| format!("no system runs on `{}`: start it with `trustwatch up`", data.display()))
}

/// Connects to a cloud that listens there.
pub async fn connect(endpoints: &Endpoints, credentials: &Credentials) -> Store {
    let connection = Connection {
        s3: Some(endpoints.s3.clone()),
        dynamodb: Some(endpoints.dynamodb.clone()),
        sqs: Some(endpoints.sqs.clone()),
        kms: Some(endpoints.kms.clone()),
        credentials: Some(credentials.clone()),
        ..Connection::default()
    };
    Store::connect(connection, names(&endpoints.sqs)).await
}

/// The names of the local deployment.
#[must_use]
pub fn names(sqs: &str) -> Names {
    Names {
        raw: RAW.to_owned(),
        lake: LAKE.to_owned(),
        config: CONFIG.to_owned(),
        table: TABLE.to_owned(),
        normalise_queue: format!("{sqs}/{}/{NORMALISE}", queue::ACCOUNT),
        backfill_queue: format!("{sqs}/{}/{BACKFILL}", queue::ACCOUNT),
        classify_queue: format!("{sqs}/{}/{CLASSIFY}", queue::ACCOUNT),
        kms_key: kms::ALIAS.to_owned(),
    }
}

/// Waiting, running and dead messages of each queue of a data directory, whether a system runs on it or not.
///
/// # Errors
/// When the queue file cannot be read.
pub async fn status(data: &Path) -> anyhow::Result<Status> {
    Ok(open_queues(&CloudOptions::new(data)).await?.status().await?)
}

async fn open_s3(options: &CloudOptions) -> anyhow::Result<Arc<S3Store>> {
    let directory = options.data.join("s3");
    let (durability, clock) = (options.durability, Arc::clone(&options.clock));
    let lock_patience = options.lock_patience;
    let opened = tokio::task::spawn_blocking(move || {
        S3Store::open_with(&directory, s3::Options { durability, clock, lock_patience })
    });
    let store = opened.await?.with_context(|| format!("cannot open `{}`", options.data.display()))?;
    Ok(Arc::new(store))
}

async fn open_queues(options: &CloudOptions) -> anyhow::Result<QueueStore> {
    let spec = |name: &str, time_out: Duration| {
        let visibility_ms = time_out.as_secs() * 1_000 * VISIBILITY_TIMES;
        QueueSpec::new(name)
            .visibility_ms(visibility_ms)
            .dead_letters_to(format!("{name}-dead"), RECEIVES_MAX)
    };
    let specs = vec![
        spec(NORMALISE, LIVE_TIME_OUT),
        spec(BACKFILL, BACKFILL_TIME_OUT),
        spec(CLASSIFY, LIVE_TIME_OUT),
        QueueSpec::new(format!("{NORMALISE}-dead")),
        QueueSpec::new(format!("{BACKFILL}-dead")),
        QueueSpec::new(format!("{CLASSIFY}-dead")),
    ];
    let clock = Arc::new(queue::SystemClock);
    QueueStore::open(&options.data, specs, clock, options.durability).await.context("cannot open the queues")
}

fn dispatcher(queues: &QueueStore, context: &Context, s3_store: &Arc<S3Store>) -> anyhow::Result<Dispatcher> {
    // A lease outlives the time-out of its function, as on AWS: none is worked on by two.
    let leased = |time_out: Duration| {
        let lease_ms = i64::try_from((time_out + LEASE_BEYOND).as_millis()).unwrap_or(i64::MAX);
        Context { limits: Limits { lease_ms, ..context.limits }, ..context.clone() }
    };
    let normalise = |backfill: bool| -> Arc<dyn Handler> {
        let context = leased(if backfill { BACKFILL_TIME_OUT } else { LIVE_TIME_OUT });
        Arc::new(Normalise(trustwatch_normalise::Function { context, backfill }))
    };
    let mapping = |queue: &str, handler, concurrency, time_out| Mapping {
        queue: queue.to_owned(),
        handler,
        batch_size: 1,
        concurrency,
        time_out,
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let schedule = |name: &str, job, when| {
        anyhow::Ok(Schedule {
            name: name.to_owned(),
            when,
            input: serde_json::to_value(job)?,
            handler: Arc::new(Compact(context.clone())),
            time_out: BACKFILL_TIME_OUT,
        })
    };
    let dispatcher = Dispatcher::builder(queues.clone())
        .mapping(mapping(NORMALISE, normalise(false), workers, LIVE_TIME_OUT))
        .mapping(mapping(BACKFILL, normalise(true), 1, BACKFILL_TIME_OUT))
        .mapping(mapping(CLASSIFY, Arc::new(Classify(leased(LIVE_TIME_OUT))), workers, LIVE_TIME_OUT))
        .schedule(schedule("reconcile", trustwatch_compact::Job::Reconcile, When::daily(4, 30)?)?)
        .schedule(schedule(
            "queue-due",
            trustwatch_compact::Job::QueueDue,
            When::every(Duration::from_secs(600))?,
        )?)
        .pump(Arc::<S3Store>::clone(s3_store), |bucket, key| route(bucket, key).map(str::to_owned))
        .start()?;
    Ok(dispatcher)
}

/// The queue that is told of an object.
fn route(bucket: &str, key: &str) -> Option<&'static str> {
    match bucket {
        RAW => Some(NORMALISE),
        LAKE if trustwatch_pipeline::is_to_judge(key) => Some(CLASSIFY),
        _ => None,
    }
}

struct Listeners {
    api: TcpListener,
    s3: TcpListener,
    dynamodb: TcpListener,
    sqs: TcpListener,
    kms: TcpListener,
}

impl Listeners {
    async fn bind(port: u16) -> anyhow::Result<Self> {
        let at = |offset: u16| async move {
            let port =
                if port == 0 { 0 } else { port.checked_add(offset).context("the port is too high")? };
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}: choose another port with --port"))
        };
        Ok(Self {
            api: at(0).await?,
            s3: at(1).await?,
            dynamodb: at(2).await?,
            sqs: at(3).await?,
            kms: at(4).await?,
        })
    }

    fn endpoints(&self) -> anyhow::Result<Endpoints> {
        let url = |listener: &TcpListener| anyhow::Ok(format!("http://{}", listener.local_addr()?));
        Ok(Endpoints {
            api: url(&self.api)?,
            s3: url(&self.s3)?,
            dynamodb: url(&self.dynamodb)?,
            sqs: url(&self.sqs)?,
            kms: url(&self.kms)?,
        })
    }
}

/// Makes the data directory, for its owner alone: it holds what people searched for.
fn make_private(data: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(data)?;
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))
}

/// Reads the access key of a data directory, or makes one.
///
/// # Errors
/// When the file cannot be read or written, or is not of the shape that this writes.
pub fn credentials(data: &Path) -> anyhow::Result<Credentials> {
    let path = data.join(CREDENTIALS_FILE);
    // The shape of AWS's own credentials file, so that any client can be pointed at it.
    let text = secret::read_or_make(&path, || {
        let (access_key, secret_key) = (random(10), random(20));
        Ok(format!("[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"))
    })?;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim_start_matches([' ', '=']).to_owned())
    };
    let found = value("aws_access_key_id").zip(value("aws_secret_access_key"));
    let (access_key, secret_key) = found.with_context(|| format!("`{}` lacks a key", path.display()))?;
    Ok(Credentials { access_key, secret_key })
}

/// So many random bytes, in hex digits.
fn random(bytes: usize) -> String {
    let bytes: Vec<u8> = (0..bytes).map(|_| rand::random()).collect();
    hex::encode(bytes)
}

#[cfg(test)]
mod tests;
