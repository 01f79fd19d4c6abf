//! Embedding texts: from strings to vectors, for `benches/text_torch.py`, which measures the same tower in PyTorch beside it.
//!
//!     text DIR ROUNDS    # DIR has model.safetensors, config.json, tokenizer.json and texts.txt, a text a line
//!
//! For each round one line: seconds by the clock, seconds of processor time, and the first numbers of the last text's vector.

use std::path::Path;
use std::time::Instant;

use vit22b::Runtime;
use vit22b::contrast::TextEmbedder;
use vit22b::text::{TextEncoder, Tokenizer};
use vit22b::weights::{LoadOptions, WeightsFile};

/// Seconds that processors worked for this process. Linux counts them in hundredths.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold blanks, the 12th and 13th fields are time for itself and in the system.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let [folder, rounds] = &arguments[..] else {
        println!("text: benches/text_torch.py gives it a folder");
        return Ok(());
    };
    let (folder, rounds) = (Path::new(folder), rounds.parse::<usize>()?);
    let runtime = Runtime::named("auto")?;
    let loaded = WeightsFile::open(folder)?.load_text(&LoadOptions::new(), &runtime.device())?;
    let tokenizer = Tokenizer::read(folder)?;
    let encoder = TextEncoder::new(tokenizer, loaded.model.config())?;
    let embedder = TextEmbedder::new(&runtime, loaded.model, encoder)?;
    let texts = std::fs::read_to_string(folder.join("texts.txt"))?;
    let texts: Vec<&str> = texts.lines().collect();
    embedder.embed(&texts[..64.min(texts.len())])?;
    for _ in 0..rounds {
        let (start, processor) = (Instant::now(), processor_seconds());
        let vectors = embedder.embed(&texts)?;
        let (wall, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - processor);
        let matrix = vectors.matrix()?;
        let last: Vec<String> =
            matrix.row(matrix.rows() - 1)[..4].iter().map(|x| format!("{x:.6}")).collect();
        println!("{wall:.2} {processor:.2} {}", last.join(" "));
    }
    Ok(())
}
