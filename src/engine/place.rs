//! What the settings say of a place: whether it is on, and which place it is carved out of.

use omnistock_words::{LocationName, LocationPolicy, Settings};

/// A declared place that is on, and the place behind it: itself, or the one it is carved out of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared<'a> {
    pub(crate) name: &'a LocationName,
    pub(crate) policy: &'a LocationPolicy,
    pub(crate) place: (&'a LocationName, &'a LocationPolicy),
    /// The index of that place's spot; beyond all of them where there is none.
    pub(crate) spot: usize,
}

/// `None` where the place is not declared or off.
pub(crate) fn declared<'a>(settings: &'a Settings, location: &LocationName) -> Option<Declared<'a>> {
    let (name, policy) = settings.locations.get_key_value(location)?;
    if !policy.enabled {
        return None;
    }
    let place = match &policy.part_of {
        None => (name, policy),
        Some(parent) => settings
            .locations
            .get_key_value(parent)
            .filter(|(_, policy)| policy.enabled && policy.part_of.is_none())?,
    };
    let spot = usize::MAX;
    Some(Declared {
        name,
        policy,
        place,
        spot,
    })
}

/// The place itself, or the one it is carved out of; `None` where it is not declared or off.
pub(crate) fn physical<'a>(
    settings: &'a Settings,
    location: &LocationName,
) -> Option<(&'a LocationName, &'a LocationPolicy)> {
    declared(settings, location).map(|declared| declared.place)
}
