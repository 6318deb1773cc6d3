//! A real Cluster of one's own: three primaries on free loopback ports, put together by commands.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is for tests"
)]

use super::redis::{Persistence, RedisServer, free_port, wait_until};
use super::redis_tls::Certificates;

/// The slots of a Cluster.
const SLOTS: u16 = 16_384;

pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
    /// Where they speak TLS, if they do.
    tls: Vec<u16>,
}

/// A node; its port for the other nodes is free too, and kept when it is started again.
fn node() -> RedisServer {
    node_with(&[])
}

fn node_with(further: &[String]) -> RedisServer {
    let bus = free_port().to_string();
    let mut arguments = vec![
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus,
        "--cluster-node-timeout",
        "2000",
        "--cluster-replica-validity-factor",
        "0",
    ];
    arguments.extend(further.iter().map(String::as_str));
    RedisServer::keeping_with(Persistence::Always, &arguments)
}

fn told(node: &RedisServer, line: &str) -> bool {
    let told: String = node.ask(&["CLUSTER", "INFO"]);
    told.lines().any(|found| found == line)
}

fn bus_of(node: &RedisServer) -> String {
    let answer: Vec<String> = node.ask(&["CONFIG", "GET", "cluster-port"]);
    answer[1].clone()
}

impl RedisCluster {
    /// Starts three primaries that know each other and share all slots.
    pub(crate) fn start() -> Self {
        Self::put_together((0..3).map(|_| node()).collect(), Vec::new())
    }

    /// The same behind TLS, also among each other; they also answer without, for the test's own questions.
    pub(crate) fn start_behind(certificates: &Certificates) -> Self {
        let tls: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let start = |port: &u16| {
            let mut arguments = certificates.arguments(*port, false);
            arguments.extend(["--tls-cluster", "yes", "--tls-replication", "yes"].map(str::to_owned));
            node_with(&arguments)
        };
        Self::put_together(tls.iter().map(start).collect(), tls)
    }

    fn put_together(nodes: Vec<RedisServer>, tls: Vec<u16>) -> Self {
        let cluster = Self { nodes, tls };
        for (place, node) in cluster.nodes.iter().enumerate() {
            let count = u16::try_from(cluster.nodes.len()).unwrap();
            let place = u16::try_from(place).unwrap();
            let (from, to) = (SLOTS / count * place, SLOTS / count * (place + 1) - 1);
            let to = if place + 1 == count { SLOTS - 1 } else { to };
            let done: String = node.ask(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]);
            assert_eq!(done, "OK");
        }
        for node in &cluster.nodes[1..] {
            cluster.meets(node);
        }
        cluster.agrees();
        cluster
    }

    fn meets(&self, node: &RedisServer) {
        let (port, bus) = (node.port().to_string(), bus_of(node));
        let done: String = self.nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        assert_eq!(done, "OK");
    }

    /// Waits until all of them know all and say that all is well.
    pub(crate) fn agrees(&self) {
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        wait_until("the Cluster is well", || {
            let fine = |node: &RedisServer| told(node, "cluster_state:ok") && told(node, &known);
            self.nodes.iter().all(fine)
        });
    }

    /// Adds a replica of a node and waits until it has everything.
    pub(crate) fn add_replica(&mut self, of: usize) -> usize {
        let replica = node();
        self.meets(&replica);
        self.nodes.push(replica);
        self.agrees();
        let (id, replica) = (self.id(of), &self.nodes[self.nodes.len() - 1]);
        let done: String = replica.ask(&["CLUSTER", "REPLICATE", &id]);
        assert_eq!(done, "OK");
        wait_until("the replica has everything", || {
            let told: String = replica.ask(&["INFO", "replication"]);
            told.contains("master_link_status:up")
        });
        self.nodes.len() - 1
    }

    /// The addresses, as `cluster` under [store] takes them.
    pub(crate) fn urls(&self) -> Vec<String> {
        if !self.tls.is_empty() {
            return self
                .tls
                .iter()
                .map(|port| format!("rediss://127.0.0.1:{port}"))
                .collect();
        }
        let plain = |node: &RedisServer| node.url().trim_end_matches('/').to_owned();
        self.nodes.iter().map(plain).collect()
    }

    pub(crate) fn id(&self, node: usize) -> String {
        self.nodes[node].ask(&["CLUSTER", "MYID"])
    }

    /// The slot of a merchant's keys.
    pub(crate) fn slot(&self, prefix: &str) -> u16 {
        self.nodes[0].ask(&["CLUSTER", "KEYSLOT", &format!("{{{prefix}}}")])
    }

    /// Which node has it.
    pub(crate) fn owner(&self, prefix: &str) -> usize {
        let count = u16::try_from(3).unwrap();
        usize::from((self.slot(prefix) / (SLOTS / count)).min(count - 1))
    }
}
