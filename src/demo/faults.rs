//! What goes wrong during the demonstration, in turns: errors, webhooks that come twice, lost
//! answers, a short outage.

use super::shop::Trouble;
use super::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The shop, what goes wrong there, for how long (milliseconds), and the pause after it.
fn turns(shops: usize) -> Vec<(usize, Trouble, u64, u64)> {
    let none = Trouble::default();
    let outage = Trouble { outage: true, ..none };
    let unanswered = Trouble {
        lost_answer_rate: 0.1,
        ..none
    };
    let all = vec![
        (
            0,
            Trouble {
                error_rate: 0.2,
                ..none
            },
            2_000,
            1_000,
        ),
        (4, unanswered, 1_000, 1_000),
        (
            1,
            Trouble {
                doubled_webhook_rate: 0.5,
                ..none
            },
            3_000,
            500,
        ),
        (3, outage, 1_200, 800),
        (2, outage, 1_500, 1_500),
        (3, unanswered, 500, 1_000),
        (1, unanswered, 1_500, 1_500),
        (4, outage, 1_200, 800),
        (0, outage, 1_200, 2_000),
    ];
    all.into_iter().filter(|(index, ..)| *index < shops).collect()
}

/// Makes trouble until `stop`.
pub(super) async fn run(world: Arc<World>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = forever(&world) => {}
    }
}

async fn forever(world: &World) {
    tokio::time::sleep(Duration::from_secs(2)).await;
    loop {
        for (index, trouble, length, pause) in turns(world.shops.len()) {
            let Some(shop) = world.shops.get(index) else { return };
            shop.trouble(trouble);
            tokio::time::sleep(Duration::from_millis(length)).await;
            shop.trouble(Trouble::default());
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}
