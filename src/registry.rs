//! The connectors that there are. A new vendor is a new folder and one line here.

use omnistock_sdk::ConnectorSpec;

/// All kinds, in the order in which they are listed.
pub const CONNECTORS: &[ConnectorSpec] = &[
    omnistock_file::SPEC,
    omnistock_woocommerce::SPEC,
    omnistock_medusa::SPEC,
    omnistock_odoo::SPEC,
    omnistock_shopify::SPEC,
    omnistock_amazon::SPEC,
    omnistock_ebay::SPEC,
];
