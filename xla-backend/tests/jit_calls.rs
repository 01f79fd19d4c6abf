//! How compiled functions are kept and called: what is remembered, for how long, and what is told; arguments
//! that are no tensors; functions in functions; the same text in every process.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, Weak, mpsc};
use std::time::Duration;

use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, activation};
use burn_trace::mesh::{Layout, Mesh, Spec};
use burn_trace::{CaptureError, Params, Save, Static, scan, value_and_grad};
use burn_xla::plugin::Platform;
use burn_xla::program::{Jit, Lowering, ProgramError, Xla, XlaOptions};

fn xla() -> Xla {
    static XLA: OnceLock<Xla> = OnceLock::new();
    XLA.get_or_init(|| Xla::cpu().expect("the CPU plugin")).clone()
}

fn ones(n: usize) -> Tensor<1> {
    Tensor::ones([n], &Device::flex())
}

fn sum(x: Tensor<1>) -> f32 {
    x.sum().into_scalar()
}

#[test]
fn programs_that_were_called_long_ago_go_first() {
    let jit = xla().jit(|x: Tensor<1>| x * 2).keep(2);
    for (n, compilations) in [(1, 1), (2, 2), (1, 2), (3, 3), (1, 3), (2, 4), (1, 4), (3, 5)] {
        assert_eq!(sum(jit.call(ones(n)).unwrap()), 2.0 * n as f32);
        assert_eq!(jit.compilations(), compilations, "after a call with {n}");
    }
    // Many of them, on the device.
    for n in 1..20 {
        let x = xla().upload(&ones(n)).unwrap();
        assert_eq!(sum(jit.call_on_device(x).unwrap().to_host().unwrap()), 2.0 * n as f32);
    }
}

/// While one thread records, another calls a program that is there.
#[test]
fn a_compilation_holds_up_no_other_call() {
    let (begun, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let gates = (Arc::clone(&begun), Arc::clone(&go_on));
    let jit = Arc::new(xla().jit(move |x: Tensor<1>| {
        if x.dims() == [7] {
            gates.0.wait();
            gates.1.wait();
        }
        x + 1
    }));
    jit.call(ones(2)).unwrap();
    let slow = std::thread::spawn({
        let jit = Arc::clone(&jit);
        move || sum(jit.call(ones(7)).unwrap())
    });
    begun.wait();
    let (send, receive) = mpsc::channel();
    let quick = std::thread::spawn({
        let jit = Arc::clone(&jit);
        move || send.send((sum(jit.call(ones(2)).unwrap()), sum(jit.call(ones(3)).unwrap())))
    });
    let got = receive.recv_timeout(Duration::from_secs(60));
    go_on.wait();
    assert_eq!(got, Ok((4.0, 6.0)));
    assert_eq!(slow.join().unwrap(), 14.0);
    quick.join().unwrap().unwrap();
}

#[test]
fn threads_that_need_one_program_compile_it_once() {
    let jit = Arc::new(xla().jit(|x: Tensor<1>| x.exp()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let jit = Arc::clone(&jit);
            std::thread::spawn(move || drop(jit.call(ones(5)).unwrap()))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(jit.compilations(), 1);
}

type Own = Jit<Tensor<1>, Tensor<1>>;

#[test]
fn a_function_that_calls_itself_is_an_error() {
    // On the tensors that are recorded, and on others.
    for with_own in [true, false] {
        let jit = Arc::new_cyclic(|own: &Weak<Own>| {
            let own = own.clone();
            let own = Mutex::new(own);
            xla()
                .jit(move |x: Tensor<1>| {
                    let jit = own.lock().unwrap().upgrade().unwrap();
                    let y = if with_own { x.clone() } else { ones(3) };
                    match jit.call(y) {
                        Ok(y) => y,
                        Err(error) => panic!("{error}"),
                    }
                })
                .named("again")
        });
        let error = jit.call(ones(2)).unwrap_err();
        let ProgramError::Capture { source: CaptureError::Function { message }, .. } = error else {
            panic!("{error:?}");
        };
        let expected = "`again` calls itself; a program is one function, so call a plain Rust function instead";
        assert_eq!(message, expected);
    }
}

#[test]
fn a_limit_says_what_changed() {
    let jit = xla().jit(|(x, Static(by)): (Tensor<1>, Static<f32>)| x * by).limit(2).named("times");
    jit.call((ones(2), Static(1.0))).unwrap();
    jit.call((ones(2), Static(2.0))).unwrap();
    jit.call((ones(2), Static(1.0))).unwrap();
    let said = |x, by| jit.call((x, Static(by))).unwrap_err().to_string();
    let told = "`times` would be compiled more than 2 times; what changed since the last time: ";
    assert_eq!(said(ones(2), 3.0), format!("{told}`1` was 2.0 and is 3.0"));
    assert_eq!(
        said(ones(3), 3.0),
        format!("{told}`0` was F32[2] and is F32[3], `1` was 2.0 and is 3.0")
    );
    // A program that is there is called.
    assert_eq!(sum(jit.call((ones(2), Static(2.0))).unwrap()), 4.0);

    let norms =
        xla().jit(|(Params(norm), x): (Params<LayerNorm>, Tensor<2>)| norm.forward(x)).limit(1);
    let norm =
        |epsilon| Params(LayerNormConfig::new(4).with_epsilon(epsilon).init(&Device::flex()));
    let x = ones(8).reshape([2, 4]);
    norms.call((norm(1e-5), x.clone())).unwrap();
    let ProgramError::Limit { changed, .. } = norms.call((norm(0.5), x)).unwrap_err() else {
        panic!()
    };
    assert_eq!(changed, "`0` was `epsilon: 1e-5` and is `epsilon: 0.5`");
}

/// As options of all functions of an `Xla`.
#[test]
fn options_bound_the_programs_of_functions_that_do_not_say_it_themselves() {
    let options = XlaOptions::new().with_limit(1).with_kept_programs(1);
    let xla = Xla::open(Some(Platform::Cpu), &options).unwrap();
    let double = || xla.jit(|x: Tensor<1>| x * 2);
    let limited = double();
    limited.call(ones(2)).unwrap();
    let error = limited.call(ones(3)).unwrap_err();
    assert!(matches!(error, ProgramError::Limit { limit: 1, .. }), "{error}");
    let unlimited = double().limit(None);
    for size in [2, 3, 2] {
        unlimited.call(ones(size)).unwrap();
    }
    assert_eq!(unlimited.compilations(), 3, "one program is kept");
    let keeps_two = double().limit(None).keep(2);
    for size in [2, 3, 2] {
        keeps_two.call(ones(size)).unwrap();
    }
    assert_eq!(keeps_two.compilations(), 2);
}

#[derive(Debug, Clone, PartialEq)]
enum Mode {
    Sum,
    Mean { scaled: bool },
}

type Valued = (Tensor<1>, Static<Mode>, Static<f64>);

#[test]
fn values_are_arguments_and_part_of_the_key() {
    fn f((x, Static(mode), Static(by)): Valued) -> Tensor<1> {
        let y = match mode {
            Mode::Sum => x.sum(),
            Mode::Mean { scaled: true } => x.mean() * 10,
            Mode::Mean { scaled: false } => x.mean(),
        };
        if by.is_sign_negative() { y + 100 } else { y }
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let jit = xla().jit(move |arguments| {
        counted.fetch_add(1, Ordering::SeqCst);
        f(arguments)
    });
    let modes = [Mode::Sum, Mode::Mean { scaled: true }, Mode::Mean { scaled: false }];
    // Zeros of both signs are two values, and NaN is one.
    for _ in 0..2 {
        for mode in &modes {
            for by in [0.0, -0.0, f64::NAN] {
                let arguments: Valued = (ones(3), Static(mode.clone()), Static(by));
                assert_eq!(sum(jit.call(arguments.clone()).unwrap()), sum(f(arguments.clone())));
                let on_device = xla().upload(&arguments).unwrap();
                let got = jit.call_on_device(on_device).unwrap().to_host().unwrap();
                assert_eq!(sum(got), sum(f(arguments)));
            }
        }
    }
    assert_eq!(runs.load(Ordering::SeqCst), 9, "once for each pair of values");
    // NaN and zero shape the same program.
    assert_eq!(jit.compilations(), 6);
}

#[test]
fn tuples_have_up_to_twelve_children() {
    macro_rules! twelve {
        ($make:expr) => {
            ($make, $make, $make, $make, $make, $make, $make, $make, $make, $make, $make, $make)
        };
    }
    let jit = xla().jit(|(a, b, c, d, e, f, g, h, i, j, k, l)| {
        let all: [Tensor<1>; 12] = [a, b, c, d, e, f, g, h, i, j, k, l];
        let [a, b, c, d, e, f, g, h, i, j, k, l] = all.map(|x| x * 2);
        (l, b, c, d, e, f, g, h, i, j, k, a)
    });
    let mut n = 0;
    let mut next = || {
        n += 1;
        ones(n)
    };
    let got = jit.call(twelve!(next())).unwrap();
    assert_eq!((sum(got.0), sum(got.11)), (24.0, 2.0));
    let mut n = 0;
    let mut next = || {
        n += 1;
        xla().upload(&ones(n)).unwrap()
    };
    let got = jit.call_on_device(twelve!(next())).unwrap().split().unwrap();
    assert_eq!((sum(got.0.to_host().unwrap()), sum(got.11.to_host().unwrap())), (24.0, 2.0));
    assert_eq!(jit.compilations(), 1);
}

#[test]
fn a_function_in_a_function_becomes_a_part_of_it() {
    let inner = Arc::new(xla().jit(|(x, Params(linear)): (Tensor<2>, Params<Linear>)| {
        activation::tanh(linear.forward(x))
    }));
    let linear = Params(LinearConfig::new(3, 3).init(&Device::flex()));
    let f = {
        let inner = Arc::clone(&inner);
        move |(x, linear): (Tensor<2>, Params<Linear>)| {
            // With gradients, and twice.
            let (loss, grads) = value_and_grad(&linear, &x, |linear, x| {
                let y = inner.call((x, linear.clone())).unwrap();
                inner.call((y, linear)).unwrap().sum()
            })
            .unwrap();
            (loss, grads.weight.val())
        }
    };
    let x = ones(6).reshape([2, 3]);
    let outer = xla().jit(f);
    let (loss, gradient) = outer.call((x.clone(), linear.clone())).unwrap();
    assert_eq!((outer.compilations(), inner.compilations()), (1, 0));
    let (expected, expected_gradient) = value_and_grad(&linear, &x, |linear, x| {
        activation::tanh(linear.forward(activation::tanh(linear.forward(x)))).sum()
    })
    .unwrap();
    let tolerance = burn_std::Tolerance::<f32>::default();
    loss.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    let expected = expected_gradient.weight.val().into_data();
    gradient.into_data().assert_approx_eq::<f32>(&expected, tolerance);

    // Tensors that are not recorded are computed then and there.
    let one = Arc::new(xla().jit(|x: Tensor<1>| x + 1));
    let inside = Arc::clone(&one);
    let with_table = xla().jit(move |x: Tensor<1>| {
        let table = inside.call(ones(2)).unwrap().into_data();
        x.clone() * Tensor::from_data(table, &x.device())
    });
    assert_eq!(sum(with_table.call(ones(2)).unwrap()), 4.0);
    assert_eq!(one.compilations(), 1);

    let draws =
        Arc::new(xla().jit(|x: Tensor<1>| x.random_like(Distribution::Default)).named("draws"));
    let seeded = xla().jit(move |x: Tensor<1>| match draws.call_with_seed(x, 3) {
        Ok(x) => x,
        Err(error) => panic!("{error}"),
    });
    let ProgramError::Capture { source, .. } = seeded.call(ones(2)).unwrap_err() else { panic!() };
    assert!(source.to_string().contains("`draws` is called with a seed"), "{source}");
}

/// Programs with much that could come in any order: constants, results, kept values, loops, a mesh.
fn texts() -> String {
    let device = Device::flex();
    let layers: Vec<_> = (0..4).map(|_| Params(LinearConfig::new(4, 4).init(&device))).collect();
    let x = Tensor::<2>::ones([8, 4], &device);
    let function = |(layers, x): (Vec<Params<Linear>>, Tensor<2>)| {
        let table = |n: i32| Tensor::<1>::from_floats([n as f32, 1.0, 2.0, 3.0], &x.device());
        let tables: Vec<_> = (0..6).map(table).collect();
        let rows = Tensor::<1, Int>::from_ints([1, 0, 2], &x.device());
        let (loss, grads) = value_and_grad(&layers, &x, |layers, x| {
            let (y, ys) = scan(x, layers, |x, layer| {
                let y = activation::gelu(layer.forward(x));
                (y.clone(), y.sum_dim(1))
            });
            ys.into_iter().fold(y.sum(), |sum, y| sum + y.mean())
        })
        .unwrap();
        let sums: Vec<_> = tables.into_iter().map(|t| (x.clone() * t.unsqueeze()).sum()).collect();
        (loss, grads, sums, x.select(0, rows))
    };
    let mesh: Mesh = "data=4,model=2".parse().unwrap();
    let layout = Layout::new(|leaf| match leaf.path.as_str() {
        "1" => "data".parse(),
        path if path.ends_with("weight") => "-,model".parse(),
        _ => Ok(Spec::replicated()),
    });
    let mut texts = String::new();
    for roll in [None, Some(Save::default())] {
        for layout in [&Layout::replicated(), &layout] {
            let arguments = (layers.clone(), x.clone());
            let lowering =
                Lowering::new().named("pod").over(&mesh, layout).on("tpu").roll(roll.clone());
            let lowering = lowering.donate(|path| path == "1");
            texts.push_str(&lowering.lower(function, &arguments).unwrap().program.text);
        }
    }
    texts
}

/// The processes of a pod must compile one program, and a cache on disk must find what another one has stored.
#[test]
fn texts_of_programs_are_the_same_in_every_process() {
    const CHILD: &str = "BURN_XLA_TEXTS_TO";
    if let Some(file) = std::env::var_os(CHILD) {
        return std::fs::write(file, texts()).unwrap();
    }
    let here = texts();
    assert!(here.matches("stablehlo.").count() > 100, "{here}");
    assert_eq!(texts(), here, "in one process");
    let folder = std::env::temp_dir();
    for n in 0..3 {
        let file = folder.join(format!("burn-xla-texts-{}-{n}", std::process::id()));
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "texts_of_programs_are_the_same_in_every_process"])
            .env(CHILD, &file)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        let there = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(there == here, "process {n} lowers to another text");
    }
}
