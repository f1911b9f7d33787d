//! Another user of the machine, played by a thread.
//!
//! Linux keeps user ids per thread; the kernel notes the one of the thread that connects or listens.

use rustix::process::Uid;

/// Nobody has it.
pub const UID: u32 = 65_533;

/// Does something as [`UID`]; `None` when this process may not change its user id, which only root may.
pub fn act<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let thread = std::thread::spawn(move || {
        let uid = Uid::from_raw(UID);
        rustix::thread::set_thread_res_uid(uid, uid, uid).expect("root may be anybody");
        work()
    });
    Some(thread.join().expect("the stranger does its work"))
}
