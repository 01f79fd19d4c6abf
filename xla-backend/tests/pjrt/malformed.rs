//! What is wrong is told, and with what words.

use burn_xla::pjrt::{
    Client, ClientOptions, CompileOptions, ErrorCode, ExecuteOptions, LoadOptions, PjrtError,
    Plugin, Topology,
};
use burn_xla::plugin::{self, Platform};

use crate::{ADD, client, plugin as load};

#[test]
fn wrong_arguments_are_refused_before_the_plugin_sees_them() {
    let client = client();
    let device = client.device(0).unwrap();
    let add = client.compile(ADD, &CompileOptions::new()).unwrap();
    let right = client.buffer_from_slice(&[0f32; 6], &[2, 3], &device).unwrap();
    let shape = client.buffer_from_slice(&[0f32; 6], &[3, 2], &device).unwrap();
    let kind = client.buffer_from_slice(&[0i32; 6], &[2, 3], &device).unwrap();
    let error = |arguments: &[_]| {
        add.execute(arguments, &ExecuteOptions::default()).unwrap_err().to_string()
    };
    assert_eq!(error(&[&right]), "add: expected 2 arguments, got 1; pass one per parameter");
    assert_eq!(
        error(&[&right, &shape]),
        "add, argument 1: expected tensor<2x3xf32>, got tensor<3x2xf32>; convert the argument, or compile for its type and \
         shape"
    );
    assert_eq!(
        error(&[&kind, &right]),
        "add, argument 0: expected tensor<2x3xf32>, got tensor<2x3xi32>; convert the argument, or compile for its type and \
         shape"
    );
    let lists = [&[&right, &right][..], &[&right, &right][..]];
    assert_eq!(
        add.execute_sharded(&lists, &ExecuteOptions::default()).unwrap_err().to_string(),
        "add: expected 1 argument lists, got 2; pass one per device"
    );
}

#[test]
fn a_program_that_does_not_compile_is_told_with_line_and_op() {
    let client = client();
    let error = client
        .compile(ADD.replace("stablehlo.add %a, %b", "stablehlo.ad %a, %b"), &CompileOptions::new())
        .unwrap_err();
    // The errors of MLIR come without a code.
    assert_eq!(error.code(), Some(ErrorCode::Unknown));
    let text = error.to_string();
    assert!(text.starts_with("the program does not compile, UNKNOWN: "), "{text}");
    assert!(text.contains("stablehlo.ad"), "{text}");
    assert!(
        text.ends_with("\nline 4 of the program reads: %0 = stablehlo.ad %a, %b : tensor<2x3xf32>"),
        "{text}"
    );
    // A type that does not fit is found by the verifier.
    let error = client
        .compile(ADD.replace("-> tensor<2x3xf32>", "-> tensor<3x2xf32>"), &CompileOptions::new())
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 5 of the program reads: return %0"), "{error}");
    // An unknown setting of the compiler is told too.
    let options = CompileOptions::new().with_override("xla_no_such_flag", true);
    let error = client.compile(ADD, &options).unwrap_err().to_string();
    assert!(error.contains("xla_no_such_flag"), "{error}");
}

#[test]
fn what_is_not_a_plugin_is_told() {
    let folder = std::env::temp_dir().join(format!("burn-xla-not-a-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = folder.join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    let error = Plugin::load(&text).unwrap_err().to_string();
    assert!(error.contains("text.so: cannot be loaded as a shared library: "), "{error}");
    assert!(error.ends_with("install one with `burn-xla install cpu`"), "{error}");
    let error = Plugin::load(folder.join("missing.so")).unwrap_err();
    assert!(matches!(error, PjrtError::Library { .. }));
    // The CPU plugin cut short.
    let whole = plugin::ensure(Platform::Cpu).unwrap().path;
    let mut head = vec![0; 1 << 16];
    std::io::Read::read_exact(&mut std::fs::File::open(whole).unwrap(), &mut head).unwrap();
    let truncated = folder.join("truncated.so");
    std::fs::write(&truncated, head).unwrap();
    assert!(matches!(Plugin::load(&truncated), Err(PjrtError::Library { .. })));
    // A library of another kind.
    let other = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6", "/usr/lib/libm.so.6"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .unwrap();
    let error = Plugin::load(other).unwrap_err().to_string();
    assert!(error.contains("expected a PJRT plugin, got something else"), "{error}");
    assert!(error.ends_with("it exports no symbol GetPjrtApi; is the path right?"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_unknown_option_or_topology_is_told() {
    let error = Client::new(&load(), &ClientOptions::new().with("no_such_option", 1i64));
    if let Err(error) = error {
        assert!(error.to_string().contains("no_such_option"), "{error}");
    }
    let error = Topology::new(&load(), "no such topology", &ClientOptions::new());
    assert!(error.is_err() || error.unwrap().platform() == "cpu");
}

/// A result of 4 TiB.
const HUGE: &str = "
module @huge {
  func.func public @main(%x: tensor<f32>) -> tensor<1099511627776xf32> {
    %0 = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<1099511627776xf32>
    return %0 : tensor<1099511627776xf32>
  }
}";
#[test]
fn a_device_without_room_is_an_error() {
    let client = client();
    let device = client.device(0).unwrap();
    let x = client.buffer_from_slice(&[1f32], &[], &device).unwrap();
    let error = client
        .compile(HUGE, &CompileOptions::new())
        .and_then(|huge| huge.execute(&[&x], &ExecuteOptions::default()))
        .and_then(|results| results[0].ready()?.wait())
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ResourceExhausted), "{error}");
}

/// Setting a variable while threads of another plugin may read the environment would be unsound.
#[test]
fn a_second_plugin_sets_no_variable() {
    let _first = client();
    let second = std::env::current_exe().unwrap();
    let options = LoadOptions::new().with_env(&[("BURN_XLA_TEST_NEEDED", "yes")]);
    let error = Plugin::load_with(&second, &options).unwrap_err();
    let file = second.canonicalize().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected the variable BURN_XLA_TEST_NEEDED to be set before any plugin is loaded, got none while another \
             plugin runs; load this plugin first, or set BURN_XLA_TEST_NEEDED=yes for the process",
            file.display()
        )
    );
    assert_eq!(std::env::var_os("BURN_XLA_TEST_NEEDED"), None);
    // One that is set is no reason to refuse, and the file is looked at.
    let options = LoadOptions::new().with_env(&[("PATH", "/nowhere")]);
    let error = Plugin::load_with(&second, &options).unwrap_err();
    assert!(!matches!(error, PjrtError::Environment { .. }), "{error}");
}
