//! The pace of a distant org.

use std::time::Duration;

use orgtap_emulator::EmulatorOptions;
use tokio::time::Instant;

use crate::client::Fixture;

#[tokio::test(start_paused = true)]
async fn an_answer_starts_later_by_the_latency() {
    let latency = Duration::from_secs(3);
    let fixture = Fixture::with(EmulatorOptions { latency, ..EmulatorOptions::default() }).await;
    let start = Instant::now();

    assert_eq!(fixture.get("/services/data/v62.0/limits").await.status, 200);

    assert!(start.elapsed() >= latency && start.elapsed() < 2 * latency, "{:?}", start.elapsed());
}
