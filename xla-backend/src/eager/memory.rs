//! What is left of this machine's memory and of the process's memory maps.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use burn_ir::TensorIr;

use super::error::EagerError;

/// Left to everything else on this machine.
const RESERVE_BYTES: u64 = 256 << 20;
/// The system is asked when so much was taken since it was asked last.
const STEP_BYTES: u64 = 16 << 20;

/// Refuses what memory does not hold, before the system ends the process, and all its sessions, for it.
pub(super) fn ensure(needed_bytes: u64, what: impl FnOnce() -> String) -> Result<(), EagerError> {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let taken = TAKEN.fetch_add(needed_bytes, Ordering::Relaxed).saturating_add(needed_bytes);
    if taken < STEP_BYTES {
        return Ok(());
    }
    TAKEN.store(0, Ordering::Relaxed);
    let Some(available) = available_bytes() else { return Ok(()) };
    let available_bytes = available.saturating_sub(RESERVE_BYTES);
    if needed_bytes <= available_bytes {
        return Ok(());
    }
    Err(EagerError::Memory { what: what(), needed_bytes, available_bytes })
}

/// What the values of a tensor take.
pub(super) fn bytes_of(tensor: &TensorIr) -> u64 {
    let size = tensor.dtype.size() as u64;
    tensor.shape.iter().fold(size, |bytes, &dim| bytes.saturating_mul(dim as u64))
}

/// The bytes that this process can still take, by the machine and by the limit of its group.
#[cfg(target_os = "linux")]
fn available_bytes() -> Option<u64> {
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = about.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let of_machine = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10;
    let of_group = number("/sys/fs/cgroup/memory.max").map(|most| {
        most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or_default())
    });
    Some(of_machine.min(of_group.unwrap_or(u64::MAX)))
}

#[cfg(not(target_os = "linux"))]
fn available_bytes() -> Option<u64> {
    None
}

/// How many memory maps the process has.
#[cfg(target_os = "linux")]
pub(super) fn count_maps() -> Option<u64> {
    use std::io::Read;
    let mut file = std::fs::File::open("/proc/self/maps").ok()?;
    let (mut count, mut bytes) = (0, [0; 1 << 16]);
    loop {
        match file.read(&mut bytes).ok()? {
            0 => return Some(count),
            read => count += bytes[..read].iter().filter(|&&byte| byte == b'\n').count() as u64,
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn count_maps() -> Option<u64> {
    None
}

/// How many memory maps the system lets a process have, as it was when it was first asked.
pub(super) fn most_maps() -> u64 {
    static MOST: LazyLock<u64> = LazyLock::new(|| {
        let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        most.and_then(|text| text.trim().parse().ok()).unwrap_or(65_530)
    });
    *MOST
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_memory_does_not_hold_is_refused() {
        assert!(ensure(1 << 10, String::new).is_ok());
        let error = ensure(1 << 50, || "an upload".into()).unwrap_err().to_string();
        assert!(error.contains("an upload needs 1125899906842624 bytes"), "{error}");
        assert!(ensure(1 << 25, String::new).is_ok());
    }

    #[test]
    fn maps_are_counted() {
        let lines = std::fs::read_to_string("/proc/self/maps").unwrap().lines().count() as u64;
        assert!(count_maps().unwrap().abs_diff(lines) < 50);
        assert!(most_maps() > lines);
    }
}
