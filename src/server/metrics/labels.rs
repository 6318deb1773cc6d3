//! The label sets of metrics. Names come from the configuration, or from a fixed set: they are few.

use prometheus_client::encoding::EncodeLabelSet;

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($field:ident),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        #[allow(missing_docs, reason = "a label each; names are declared in the configuration, so they are few")]
        pub struct $name { $(pub $field: String),+ }

        impl $name {
            /// A label set.
            pub fn new($($field: impl Into<String>),+) -> Self {
                Self { $($field: $field.into()),+ }
            }
        }
    };
}

labels!(/// Of this program.
    OfVersion { version });
labels!(/// Of one channel.
    OfChannel { channel });
labels!(/// Of one channel, by what became of it.
    OfOutcome { channel, outcome });
labels!(/// Of one channel: `stage` is `accepted` or `observed`.
    OfStage { channel, stage });
labels!(/// Of one channel: `field` is `quantity` or `price`, `state` a listing state.
    OfState { channel, field, state });
labels!(/// Of one source.
    OfSource { source });
labels!(/// Of one source: `outcome` is `taken`, `refused`, or `old` (taken, but as of earlier than what was known).
    OfReport { source, outcome });
labels!(/// Of one source: `what` is `locations`, `channels` or `skus`.
    OfUnknown { source, what });
labels!(/// Of one connector that sends webhooks.
    OfConnector { connector });
labels!(/// Of one connector: `answer` is `accepted`, `repeated`, `unauthorized`, `bad_request` or `busy`. Unknown connectors are not counted.
    OfWebhook { connector, answer });
labels!(/// Of an order line; only the first few are named.
    OfLine { channel, order, line, sku });
labels!(/// Of one channel: `lag` is `order` or `push`.
    OfLag { channel, lag });
labels!(/// Of one `[[notify]]`.
    OfNotifier { notifier });
labels!(/// Of one `[[notify]]`: `outcome` is `sent`, `failed` or `left_out`.
    OfNotified { notifier, outcome });
labels!(/// Of one channel: `class` is a class of drift, `unclear` or `price`.
    OfDrift { channel, class });
labels!(/// Of the store: `question` is `commit`, `append`, `load`, `read` or `lease`.
    OfQuestion { question });
labels!(/// Of one channel's account: `limit` is the vendor's name for it.
    OfLimit { channel, limit });
labels!(/// By name, out of a fixed set.
    OfName { name });
