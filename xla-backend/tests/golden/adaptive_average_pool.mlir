module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x3x4xf32>) {
    %0 = stablehlo.constant dense<[0, 1, 2, 2, 3, 4, 4, 5, 6]> : tensor<9xi32>
    %1 = stablehlo.reshape %0 : (tensor<9xi32>) -> tensor<3x3xi32>
    %2 = stablehlo.constant dense<[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]> : tensor<9xf32>
    %3 = stablehlo.reshape %2 : (tensor<9xf32>) -> tensor<3x3xf32>
    %4 = stablehlo.reshape %1 : (tensor<3x3xi32>) -> tensor<3x3x1xi32>
    %5 = "stablehlo.gather"(%arg0, %4) <{dimension_numbers = #stablehlo.gather<offset_dims = [0, 1, 4], collapsed_slice_dims = [2], operand_batching_dims = [], start_indices_batching_dims = [], start_index_map = [2], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 2, 1, 9>}> : (tensor<1x2x7x9xf32>, tensor<3x3x1xi32>) -> tensor<1x2x3x3x9xf32>
    %6 = stablehlo.constant dense<0.0> : tensor<f32>
    %7 = stablehlo.reduce(%5 init: %6) applies stablehlo.add across dimensions = [3] : (tensor<1x2x3x3x9xf32>, tensor<f32>) -> tensor<1x2x3x9xf32>
    %8 = stablehlo.constant dense<[3.0, 3.0, 3.0]> : tensor<3xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [2] : (tensor<3xf32>) -> tensor<1x2x3x9xf32>
    %10 = stablehlo.divide %7, %9 : tensor<1x2x3x9xf32>
    %11 = stablehlo.constant dense<[0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8]> : tensor<12xi32>
    %12 = stablehlo.reshape %11 : (tensor<12xi32>) -> tensor<4x3xi32>
    %13 = stablehlo.constant dense<[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]> : tensor<12xf32>
    %14 = stablehlo.reshape %13 : (tensor<12xf32>) -> tensor<4x3xf32>
    %15 = stablehlo.reshape %12 : (tensor<4x3xi32>) -> tensor<4x3x1xi32>
    %16 = "stablehlo.gather"(%10, %15) <{dimension_numbers = #stablehlo.gather<offset_dims = [0, 1, 2], collapsed_slice_dims = [3], operand_batching_dims = [], start_indices_batching_dims = [], start_index_map = [3], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 2, 3, 1>}> : (tensor<1x2x3x9xf32>, tensor<4x3x1xi32>) -> tensor<1x2x3x4x3xf32>
    %17 = stablehlo.reduce(%16 init: %6) applies stablehlo.add across dimensions = [4] : (tensor<1x2x3x4x3xf32>, tensor<f32>) -> tensor<1x2x3x4xf32>
    %18 = stablehlo.constant dense<[3.0, 3.0, 3.0, 3.0]> : tensor<4xf32>
    %19 = stablehlo.broadcast_in_dim %18, dims = [3] : (tensor<4xf32>) -> tensor<1x2x3x4xf32>
    %20 = stablehlo.divide %17, %19 : tensor<1x2x3x4xf32>
    return %20 : tensor<1x2x3x4xf32>
  }
}
