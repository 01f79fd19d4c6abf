//! Loading holds the model and one tensor. Alone in its process, because it counts all of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use burn::tensor::Device;
use vit22b::params;
use vit22b::vit::{Pool, ViT22BConfig};
use vit22b::weights::{LoadOptions, WeightsFile, export_big_vision, export_timm, save};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn peak_memory_is_the_model_and_one_tensor() {
    let device = Device::flex();
    let config = ViT22BConfig::new(10)
        .with_image([64, 64])
        .with_patch(8)
        .with_width(256)
        .with_depth(4)
        .with_mlp_dim(1024)
        .with_num_heads(4)
        .with_pool(Pool::ClassToken)
        .classic();
    let folder = std::env::temp_dir().join(format!("vit22b_memory_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = ["native.safetensors", "timm", "big_vision.npz"].map(|name| folder.join(name));
    let steps = "resize(64)|value_range(-1, 1)".parse().unwrap();
    let (model_bytes, largest) = {
        let model = config.init(&device).unwrap();
        save(&model, &steps, &files[0]).unwrap();
        export_timm(&model, &steps, &files[1]).unwrap();
        export_big_vision(&model, &files[2]).unwrap();
        let sizes = || params::shapes(&model).into_iter().map(|(_, s)| 4 * s.num_elements());
        (sizes().sum::<usize>(), sizes().max().unwrap())
    };
    assert!(model_bytes > 12 << 20);
    for file in &files {
        let weights = WeightsFile::open(file).unwrap();
        let before = NOW.load(Relaxed);
        PEAK.store(before, Relaxed);
        let loaded = weights.load(&LoadOptions::new(), &device).unwrap();
        let peak = PEAK.load(Relaxed) - before;
        // Names, shapes and the report of sixty parameters.
        let slack = 256 << 10;
        assert!(
            peak <= model_bytes + largest + slack,
            "{}: {peak} bytes for a model of {model_bytes} and a tensor of {largest}",
            file.display()
        );
        drop(loaded);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
