//! Features by name in a file, in the form that its ending says.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// A file of features that is being written: beside its final name until it is whole.
pub(crate) struct FeaturesOut {
    path: PathBuf,
    partial: PathBuf,
    names: Vec<String>,
    width: usize,
    values: Vec<u8>,
    /// For JSON lines, which are written at once.
    lines: Option<BufWriter<File>>,
}

impl FeaturesOut {
    /// An error now, not after all images, if the file cannot be written.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let form = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        ensure!(
            matches!(form, "safetensors" | "npy" | "jsonl"),
            "--out {}: expected a name that ends in .safetensors, .npy or .jsonl",
            path.display()
        );
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("--out {}", path.display()))?;
        }
        let partial = path.with_extension(format!("{form}.partial"));
        let file = File::create(&partial).with_context(|| format!("--out {}", path.display()))?;
        let lines = (form == "jsonl").then(|| BufWriter::new(file));
        Ok(Self { path: path.into(), partial, names: vec![], width: 0, values: vec![], lines })
    }

    pub(crate) fn push(&mut self, name: &str, features: &[f32]) -> anyhow::Result<()> {
        self.width = features.len();
        if let Some(lines) = &mut self.lines {
            let line = serde_json::json!({ "name": name, "features": features });
            writeln!(lines, "{line}")?;
        } else {
            self.values.extend(features.iter().flat_map(|value| value.to_le_bytes()));
        }
        self.names.push(name.into());
        Ok(())
    }

    /// How many images the file has.
    pub(crate) fn finish(mut self) -> anyhow::Result<usize> {
        let lines = self.lines.take();
        let Self { path, partial, names, width, values, .. } = &self;
        let count = names.len();
        if count == 0 {
            bail!("no image could be read");
        }
        match lines {
            Some(mut lines) => lines.flush()?,
            None if path.extension().is_some_and(|ending| ending == "npy") => {
                std::fs::write(partial, npy(count, *width, values))?;
                std::fs::write(path.with_extension("names.txt"), names.join("\n") + "\n")?;
            }
            None => {
                let features = TensorView::new(Dtype::F32, vec![count, *width], values)?;
                let names = [("names".to_string(), serde_json::to_string(names)?)];
                let metadata = Some(names.into_iter().collect());
                std::fs::write(
                    partial,
                    safetensors::serialize([("features", features)], metadata)?,
                )?;
            }
        }
        std::fs::rename(partial, path).with_context(|| path.display().to_string())?;
        Ok(count)
    }
}

impl Drop for FeaturesOut {
    fn drop(&mut self) {
        // It is not there any more if all went well.
        let _ = std::fs::remove_file(&self.partial);
    }
}

fn npy(count: usize, width: usize, values: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {width}), }}");
    // The elements start at a multiple of 64 bytes.
    let header =
        format!("{header:<length$}\n", length = (11 + header.len()).next_multiple_of(64) - 11);
    let length = u16::try_from(header.len()).expect("it is short");
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], header.as_bytes(), values].concat()
}
