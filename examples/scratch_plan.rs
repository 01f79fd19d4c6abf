//! Scratch.
use burn_xla::lower::Save;
use burn_xla::pjrt::{ClientOptions, CompileOptions, Topology};
use burn_xla::plugin::{self, Platform};
use std::time::Instant;
use vit22b::shard::{Activations, Sharding};
use vit22b::train::{Precision, Recipe, TrainStep};
use vit22b::vit::Variant;
fn main() -> anyhow::Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let (topology, mesh, depth) = (&a[1], &a[2], a[3].parse::<usize>()?);
    let act = match a[4].as_str() {
        "width" => Activations::Width,
        "tokens" => Activations::Tokens,
        _ => Activations::Whole,
    };
    let save = match a[5].as_str() {
        "everything" => Save::Everything,
        "products" => Save::Products,
        "nothing" => Save::Nothing,
        names => Save::Named(names.split(',').map(str::to_owned).collect()),
    };
    let mesh: burn_xla::mesh::Mesh = mesh.parse()?;
    let config = Variant::parse("22B/14")?.config(29_696).with_depth(depth);
    let batch = 64 * mesh.num_devices();
    let recipe =
        Recipe { precision: Precision::Bf16, batch_size: batch as u64, ..Recipe::vit22b() };
    let train =
        TrainStep::new(&recipe, None, &config.init(&Default::default())?)?.with_rolled_blocks(save);
    let layout = Sharding::vit22b(act).layout()?;
    let t = Instant::now();
    let lowered = train.lower_for(&config, batch, (&mesh, &layout))?;
    println!(
        "lowered in {:?}: {:?} {} bytes",
        t.elapsed(),
        lowered.times,
        lowered.program.text.len()
    );
    std::fs::write("/tmp/plan.mlir", &lowered.program.text)?;
    let plugin = plugin::load(&plugin::find(Platform::Tpu)?)?;
    let options = ClientOptions::new().with("chip_config_name", "megacore");
    let topology = Topology::new(&plugin, topology, &options)?;
    let t = Instant::now();
    let program = topology.compile(
        &lowered.program.text,
        &CompileOptions::new().with_partitions(mesh.num_devices()),
    )?;
    println!("compiled in {:?}", t.elapsed());
    let m = program.memory_stats()?;
    println!("{m:?} total {:.2} GiB", m.total_bytes() as f64 / (1u64 << 30) as f64);
    let optimized = program.optimized_program()?;
    std::fs::write("/tmp/plan.hlo", &optimized.code)?;
    let mut out = String::new();
    for i in optimized.instructions()? {
        let c = i.backend_config.replace('\n', " ");
        out += &format!(
            "{}\t{}\t{}\t{:?}\t{:?}\t{:?}\t{:?}\t{:?}\t{}\t{}\t{}\n",
            i.computation,
            i.name,
            i.opcode,
            i.results.iter().map(ToString::to_string).collect::<Vec<_>>(),
            i.operands,
            i.calls,
            i.constant,
            i.tuple_index,
            i.is_root,
            i.op_name,
            c
        );
    }
    std::fs::write("/tmp/plan.tsv", out)?;
    Ok(())
}
