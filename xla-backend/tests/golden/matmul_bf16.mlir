module @burn {
  func.func public @main(%arg0: tensor<2x3x4xbf16>, %arg1: tensor<2x4x2xbf16>) -> (tensor<2x3x2xbf16>) {
    %0 = stablehlo.dot_general %arg0, %arg1, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x3x4xbf16>, tensor<2x4x2xbf16>) -> tensor<2x3x2xbf16>
    return %0 : tensor<2x3x2xbf16>
  }
}
