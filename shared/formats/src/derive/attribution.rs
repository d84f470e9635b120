//! Whom a line can be laid to.

use trustwatch_model::{Attribution, Event};

/// Logins that name no one. A school names its own shared logins in its roster; these are the ones that mean the same
/// everywhere.
const SHARED: [&str; 9] =
    ["anonymous", "guest", "guests", "kiosk", "library", "public", "shared", "unknown", "visitor"];

/// A login of a machine (`PC-12$`) is a device; a login that names no one is shared; without a login the device's
/// name counts, and without that the address.
pub(super) fn of(event: &Event<'_>) -> Attribution {
    match event.user_name {
        Some(user) if user.ends_with('$') => Attribution::Device,
        Some(user) if SHARED.iter().any(|shared| shared.eq_ignore_ascii_case(user)) => {
            Attribution::SharedLogin
        }
        Some(_) => Attribution::User,
        None if event.device_name.is_some() => Attribution::Device,
        None => Attribution::Address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_login_of_one_person_is_a_user() {
        let check = |user: Option<&str>, device: Option<&str>, want: Attribution| {
            let event = Event { user_name: user, device_name: device, ..Event::at(0) };
            assert_eq!(of(&event), want, "{user:?} {device:?}");
        };
        check(Some("pat"), Some("PC-12"), Attribution::User);
        check(Some("PC-12$"), None, Attribution::Device);
        check(Some("Guest"), None, Attribution::SharedLogin);
        check(None, Some("PC-12"), Attribution::Device);
        check(None, None, Attribution::Address);
    }
}
