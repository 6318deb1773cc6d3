//! `omnistock schema`: the configuration as a JSON Schema. Needs no configuration and no daemon.

use super::{Context, Failure, wiring};

/// Print the JSON Schema of the configuration, for editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock schema > /etc/omnistock/schema.json\n\
    An editor that knows TOML (Taplo, Even Better TOML) completes and checks with it\n\
    when the first line of a file is:\n\
    #:schema ./schema.json")]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(context: &Context) -> Result<(), Failure> {
        let schema = wiring::schema();
        let text =
            serde_json::to_string_pretty(&schema).map_err(|cause| Failure::no(format!("can't write JSON: {cause}")))?;
        context.output.show(&schema, |_| text + "\n")
    }
}
