//! Files that are damaged, or made to do harm: a typed error that says where.

use vit22b::weights::{Damage, LoadOptions, WeightsError, WeightsFile};
use zip::CompressionMethod;

use crate::files::{File, Scratch, array, fixture, npz, raw_safetensors};
use crate::golden::device;

/// The damage of a file, as text without the file's name.
#[track_caller]
fn damage(bytes: Vec<u8>) -> String {
    match WeightsFile::from_bytes("a file", bytes) {
        Err(error @ WeightsError::Damaged { .. }) => {
            error.to_string().strip_prefix("a file: ").unwrap().to_string()
        }
        other => panic!("{other:?}"),
    }
}

fn header(tensors: &str, data: usize) -> Vec<u8> {
    raw_safetensors(tensors, &vec![0; data])
}

#[test]
fn safetensors_with_a_broken_header() {
    for (bytes, text) in [
        (
            vec![],
            "truncated: the length of the header needs 8 bytes from byte 0 on, and the file has 0; \
             fetch it again",
        ),
        (
            [&100u64.to_le_bytes()[..], b"{}"].concat(),
            "truncated: the header needs 100 bytes from byte 8 on, and the file has 10; fetch it again",
        ),
        (
            [&u64::MAX.to_le_bytes()[..], b"{}"].concat(),
            "the safetensors header at byte 8 is not valid: it is said to be 18446744073709551615 \
             bytes long, and 100000000 are the limit; this is no safetensors file, or a damaged one",
        ),
        (
            header(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, 4),
            "the safetensors header at byte 8 is not valid: EOF while parsing an object at line 1 \
             column 53",
        ),
        (
            header(
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                    "a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8,
            ),
            "the safetensors header at byte 8 is not valid: the name \"a\" occurs twice at line 2 \
             column 23",
        ),
        (
            header(r#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 4),
            "tensor \"a\" has elements of type F31; that is no type of safetensors",
        ),
        (
            header(r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
            "the safetensors header at byte 8 is not valid: invalid value: integer `-1`, expected usize \
             at line 1 column 31",
        ),
    ] {
        assert_eq!(damage(bytes), text);
    }
}

#[test]
fn safetensors_whose_offsets_lie() {
    for (tensors, data, text) in [
        (
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
            "tensor \"b\" is said to lie at bytes 4 to 12 of the data: it overlaps \"a\", which ends \
             at 8",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8,
            "tensor \"a\" is said to lie at bytes 4 to 8 of the data: bytes 0 to 4 before it belong \
             to no tensor",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#,
            8,
            "tensor \"a\" is said to lie at bytes 8 to 4 of the data: it ends before it starts",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            8,
            "truncated: tensor \"a\" needs 16 bytes from byte 63 on, and the file has 71; fetch it \
             again",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
            8,
            "tensor \"a\" of F32 [3] takes 12 bytes, and 8 are there",
        ),
        (
            r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
            0,
            "tensor \"a\" of F64 [4294967296, 4294967296] takes more than 2^64 bytes, and 0 are there",
        ),
        (
            r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#,
            2,
            "tensor \"a\" of F4 [3] takes no whole number of bytes, and 2 are there",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            6,
            "2 bytes follow the last tensor, which ends at byte 66",
        ),
    ] {
        assert_eq!(damage(header(tensors, data)), text);
    }
}

#[test]
fn pickles_are_refused() {
    let pickle = "is a Python pickle, which can run code when it is read; \
                  save the tensors as safetensors or as arrays of numbers";
    let torch = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec();
    assert_eq!(damage(torch), format!("the file {pickle}"));
    let zipped = npz(CompressionMethod::Stored, [("model/data.pkl".into(), b"\x80\x02.".to_vec())]);
    assert_eq!(damage(zipped), format!("model/data.pkl {pickle}"));
    let objects = array("{'descr': '|O', 'fortran_order': False, 'shape': (), }\n", b"\x80\x04.");
    let inside = npz(CompressionMethod::Deflated, [("a.npy".into(), objects)]);
    assert_eq!(damage(inside), format!("a.npy {pickle}"));
    let bare = npz(CompressionMethod::Stored, [("a.npy".into(), b"\x80\x04\x95.".to_vec())]);
    assert_eq!(damage(bare), format!("a.npy {pickle}"));
}

fn one(name: &str) -> Vec<u8> {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
    npz(CompressionMethod::Stored, [(name.into(), array(header, &[0; 8]))])
}

#[test]
fn archives_that_reach_out_of_themselves() {
    for name in ["../a.npy", "/a.npy", "x/../../a.npy", "C:\\a.npy", "x\\..\\a.npy"] {
        assert_eq!(
            damage(one(name)),
            format!(
                "the archive has an entry \"{name}\", whose name leaves the archive; do not trust it"
            )
        );
    }
}

#[test]
fn archives_that_are_cut_or_lie() {
    assert_eq!(
        damage(one("a.txt")),
        "the archive's entry \"a.txt\" cannot be read: it is no NumPy array"
    );
    let whole = one("a.npy");
    for length in [4, whole.len() / 2, whole.len() - 1] {
        let text = damage(whole[..length].to_vec());
        assert!(text.starts_with("the archive's directory cannot be read: "), "{text}");
    }
    let short = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n";
    let bytes = npz(CompressionMethod::Stored, [("a.npy".into(), array(short, &[0; 8]))]);
    assert_eq!(damage(bytes), "tensor \"a\" of F32 [3] takes 12 bytes, and 8 are there");
    let text = "{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }\n";
    let bytes = npz(CompressionMethod::Stored, [("a.npy".into(), array(text, &[0; 20]))]);
    assert_eq!(
        damage(bytes),
        "tensor \"a.npy\" has elements of type <U5; little-endian numbers and bfloat16 (|V2) can be \
         read"
    );

    // A directory entry that claims a gigabyte of some bytes.
    let mut bomb = npz(CompressionMethod::Deflated, [("a.npy".into(), vec![0; 1000])]);
    let directory = find(&bomb, b"PK\x01\x02");
    bomb[directory + 24..directory + 28].copy_from_slice(&(1u32 << 30).to_le_bytes());
    let text = damage(bomb);
    assert!(text.contains("declares more bytes than its compressed ones can make"), "{text}");
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

/// What the header does not show is found when the data is read.
#[test]
fn data_that_is_not_what_the_header_says() {
    let load = |bytes: Vec<u8>| {
        let weights = WeightsFile::from_bytes("a file", bytes).unwrap();
        let options = LoadOptions::new().with_num_heads(Some(2));
        weights.load(&options, &device()).unwrap_err().to_string()
    };
    let file = fixture("big_vision_gap/checkpoint.npz");
    let name = "Transformer/encoder_norm/scale.npy";
    let mut flipped = file.npz();
    let place = find(&flipped, name.as_bytes()) + name.len() + 150;
    flipped[place] ^= 1;
    assert_eq!(
        load(flipped),
        format!(
            "a file: the archive's entry \"{name}\" cannot be read: its checksum does not fit \
                 its bytes"
        )
    );
    let mut file = fixture("hf_vit/model.safetensors");
    file.integers("vit.layernorm.bias");
    assert_eq!(
        load(file.bytes()),
        "a file: tensor \"vit.layernorm.bias\" has elements of type I32; parameters are F64, F32, F16 \
         or BF16"
    );
}

#[test]
fn an_index_that_points_elsewhere() {
    let scratch = Scratch::new("index");
    let index = scratch.0.join("model.safetensors.index.json");
    let open = |text: &str| {
        std::fs::write(&index, text).unwrap();
        let error = WeightsFile::open(&scratch.0).unwrap_err();
        error.to_string().replace(&index.display().to_string(), "INDEX")
    };
    std::fs::write(scratch.0.join("a.safetensors"), File::default().bytes()).unwrap();
    for shard in ["../a.safetensors", "/a.safetensors", "x/a.safetensors", "..", "x\\\\a"] {
        assert_eq!(
            open(&format!(r#"{{"weight_map":{{"w":"{shard}"}}}}"#)),
            format!(
                "INDEX: the index puts \"w\" into \"{}\": that is not the plain name of a file beside \
                 the index",
                shard.replace("\\\\", "\\")
            )
        );
    }
    assert_eq!(
        open(r#"{"weight_map":{"w":"a.safetensors"}}"#),
        "INDEX: the index puts \"w\" into \"a.safetensors\": that file does not hold it"
    );
    assert_eq!(
        open(r#"{"weights":{}}"#),
        "INDEX: the index at byte 0 is not valid: missing field `weight_map` at line 1 column 14"
    );
    assert!(
        open(r#"{"weight_map":{"w":"b.safetensors"}}"#).contains("b.safetensors: No such file")
    );
}

#[test]
fn damage_is_matched_by_its_kind() {
    let error = WeightsFile::from_bytes("a file", vec![0; 3]).unwrap_err();
    let WeightsError::Damaged { damage: Damage::Truncated { at, needed, length, .. }, .. } = error
    else {
        panic!("{error}");
    };
    assert_eq!((at, needed, length), (0, 8, 3));
}
