//! What request.h calls: Rust's global allocator, which is the system's, or the crate over the system's.

use std::alloc::{alloc, dealloc, realloc, Layout, System};

#[cfg(feature = "counted")]
#[global_allocator]
static GLOBAL: heapster::Heapster<System> = heapster::Heapster::new(System);

#[cfg(not(feature = "counted"))]
#[global_allocator]
static GLOBAL: System = System;

fn layout(size: usize) -> Layout {
    // Sound: 8 is a power of two, and no pattern asks for more than 64 KiB.
    unsafe { Layout::from_size_align_unchecked(size, 8) }
}

#[no_mangle]
pub extern "C" fn rust_allocate(size: usize) -> *mut u8 {
    unsafe { alloc(layout(size)) }
}

/// # Safety
/// `block` is from `rust_allocate` or `rust_resize`, and has `old_size`.
#[no_mangle]
pub unsafe extern "C" fn rust_resize(block: *mut u8, old_size: usize, new_size: usize) -> *mut u8 {
    realloc(block, layout(old_size), new_size)
}

/// # Safety
/// As for `rust_resize`.
#[no_mangle]
pub unsafe extern "C" fn rust_release(block: *mut u8, size: usize) {
    dealloc(block, layout(size))
}
