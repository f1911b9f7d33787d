//! Another user of the machine, played by a thread.
//!
//! Linux keeps user ids per thread; the kernel notes the one of the thread that connects or listens.

use rustix::process::Uid;

/// Nobody has it.
pub const UID: u32 = 65_533;

/// Does something as [`UID`].
///
/// # Panics
/// When this process may not change its user id, which only root may.
pub fn act<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    assert!(rustix::process::geteuid().is_root(), "this test plays another user of the machine and has to run as root");
    let thread = std::thread::spawn(move || {
        let uid = Uid::from_raw(UID);
        rustix::thread::set_thread_res_uid(uid, uid, uid).expect("root may be anybody");
        work()
    });
    thread.join().expect("the stranger does its work")
}
