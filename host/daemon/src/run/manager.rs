//! The service manager: systemd, or whoever else listens on `NOTIFY_SOCKET`. Where nobody does, nothing is said.

use sd_notify::NotifyState;

/// Who started the daemon, and wants to know how it goes. That it cannot be told is no reason to stop.
pub(crate) struct Manager;

impl Manager {
    /// Events are taken from now on.
    pub(crate) fn ready() {
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// The configuration is being read again. It ends with [`ready`](Self::ready).
    pub(crate) fn reloading() {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = sd_notify::notify(&[NotifyState::Reloading, now]);
        }
    }

    /// No event is taken any more.
    pub(crate) fn stopping() {
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
    }

    /// Time passes, and lanes and store go on with it.
    pub(crate) fn alive() {
        if sd_notify::watchdog_enabled().is_some() {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}
