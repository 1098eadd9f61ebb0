//! Linux.

/// The names of the host, its architecture and its kernel.
pub fn host_names() -> Option<[Vec<u8>; 3]> {
    let names = rustix::system::uname();
    let names = [names.nodename(), names.machine(), names.release()];
    Some(names.map(|name| name.to_bytes().to_vec()))
}
