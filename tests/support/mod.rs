//! What end-to-end tests share: the program, a redis-server, a small merchant.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test crate uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of this is for tests, and real processes are waited for"
)]

pub mod books;
pub mod canary;
pub mod daemon;
pub mod documented;
pub mod fake_clock;
pub mod fault_proxy;
pub mod merchant;
pub mod redis;
pub mod redis_cluster;
pub mod redis_sentinel;
pub mod redis_tls;
