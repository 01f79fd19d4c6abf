//! The PJRT layer on the real CPU plugin, which the tests install where it is missing.

mod donation;
mod host_function;
mod malformed;
mod program;
mod transfer;

use burn_xla::pjrt::{Client, ClientOptions, Plugin};
use burn_xla::plugin::{self as plugins, Platform};

fn plugin() -> Plugin {
    plugins::load(&plugins::ensure(Platform::Cpu).unwrap()).unwrap()
}

fn client() -> Client {
    Client::new(&plugin(), &ClientOptions::new()).unwrap()
}

/// A sum of two arguments.
const ADD: &str = "
module @add {
  func.func public @main(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %0 = stablehlo.add %a, %b : tensor<2x3xf32>
    return %0 : tensor<2x3xf32>
  }
}";

/// A sum that takes over the memory of its first argument.
const UPDATE: &str = "
module @update {
  func.func public @main(%state: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %step: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.add %state, %step : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}";
