//! What a running cloud does when a part of it fails.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_ends_what_needs_it() {
    let data = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(CloudOptions::new(data.path())).await.unwrap();
    let done = cloud.run(async { Ok(7) }).await;
    assert_eq!(done.unwrap(), 7, "nothing has ended yet");
    cloud.servers.abort();
    let waited = cloud.run(std::future::pending::<anyhow::Result<()>>());
    let error = tokio::time::timeout(Duration::from_secs(10), waited).await.unwrap().unwrap_err().to_string();
    assert!(error.contains("server ended") && error.contains("start the system again"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_let_go_when_the_cloud_stops() {
    let data = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(CloudOptions::new(data.path())).await.unwrap();
    let address = cloud.endpoints.dynamodb.strip_prefix("http://").unwrap().to_owned();
    tokio::net::TcpStream::connect(&address).await.unwrap();
    cloud.stop().await;
    let refused = async {
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
}
