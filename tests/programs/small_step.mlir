module @train_step {
  sdy.mesh @mesh = <["replica"=2, "data"=2, "model"=2]>
  func.func public @main(%arg0: tensor<16x3x4x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>, tf.aliasing_output = 0 : i32}, %arg1: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 1 : i32}, %arg2: tensor<4x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 2 : i32}, %arg3: tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 3 : i32}, %arg4: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 4 : i32}, %arg5: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 5 : i32}, %arg6: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 6 : i32}, %arg7: tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 7 : i32}, %arg8: tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 8 : i32}, %arg9: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 9 : i32}, %arg10: tensor<2x16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 10 : i32}, %arg11: tensor<2x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 11 : i32}, %arg12: tensor<2x32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 12 : i32}, %arg13: tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 13 : i32}, %arg14: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 14 : i32}, %arg15: tensor<1x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 15 : i32}, %arg16: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 16 : i32}, %arg17: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 17 : i32}, %arg18: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 18 : i32}, %arg19: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 19 : i32}, %arg20: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 20 : i32}, %arg21: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 21 : i32}, %arg22: tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 22 : i32}, %arg23: tensor<32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>, tf.aliasing_output = 23 : i32}, %arg24: tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 24 : i32}, %arg25: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 25 : i32}, %arg26: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 26 : i32}, %arg27: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 27 : i32}, %arg28: tensor<2x8xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 28 : i32}, %arg29: tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 29 : i32}, %arg30: tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 30 : i32}, %arg31: tensor<2x8xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 31 : i32}, %arg32: tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 32 : i32}, %arg33: tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 33 : i32}, %arg34: tensor<2x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 34 : i32}, %arg35: tensor<2x16x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 35 : i32}, %arg36: tensor<2x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 36 : i32}, %arg37: tensor<2x32x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 37 : i32}, %arg38: tensor<2x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 38 : i32}, %arg39: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 39 : i32}, %arg40: tensor<16x3x4x4xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>, tf.aliasing_output = 40 : i32}, %arg41: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 41 : i32}, %arg42: tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 42 : i32}, %arg43: tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 43 : i32}, %arg44: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 44 : i32}, %arg45: tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 45 : i32}, %arg46: tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 46 : i32}, %arg47: tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 47 : i32}, %arg48: tensor<32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>, tf.aliasing_output = 48 : i32}, %arg49: tensor<16x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 49 : i32}, %arg50: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 50 : i32}, %arg51: tensor<32x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 51 : i32}, %arg52: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 52 : i32}, %arg53: tensor<1x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 53 : i32}, %arg54: tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 54 : i32}, %arg55: tensor<4x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 55 : i32}, %arg56: tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 56 : i32}, %arg57: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 57 : i32}, %arg58: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 58 : i32}, %arg59: tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 59 : i32}, %arg60: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 60 : i32}, %arg61: tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 61 : i32}, %arg62: tensor<2x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 62 : i32}, %arg63: tensor<2x16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>, tf.aliasing_output = 63 : i32}, %arg64: tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 64 : i32}, %arg65: tensor<2x32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>, tf.aliasing_output = 65 : i32}, %arg66: tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 66 : i32}, %arg67: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 67 : i32}, %arg68: tensor<16x3x4x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>, tf.aliasing_output = 68 : i32}, %arg69: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 69 : i32}, %arg70: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 70 : i32}, %arg71: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 71 : i32}, %arg72: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 72 : i32}, %arg73: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 73 : i32}, %arg74: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 74 : i32}, %arg75: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 75 : i32}, %arg76: tensor<32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>, tf.aliasing_output = 76 : i32}, %arg77: tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>, tf.aliasing_output = 77 : i32}, %arg78: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 78 : i32}, %arg79: tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>, tf.aliasing_output = 79 : i32}, %arg80: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 80 : i32}, %arg81: tensor<1x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>, tf.aliasing_output = 81 : i32}, %arg82: tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 82 : i32}, %arg83: tensor<4x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>, tf.aliasing_output = 83 : i32}, %arg84: tensor<1xi32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 84 : i32}, %arg85: tensor<1xi32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>, tf.aliasing_output = 85 : i32}, %arg86: tensor<16x3x8x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"replica", "data", "model"}, {}, {}, {}]>}, %arg87: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"replica", "data", "model"}, {}]>}) -> (tensor<16x3x4x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<4x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<2x32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>}, tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<2x8xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x8xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<2x16x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x32x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x3x4x4xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>}, tensor<16x32xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<32x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<4x16xbf16> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x8xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<2x16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"data"}, {"model"}]>}, tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<2x32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model", "data"}, {}]>}, tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x3x4x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}, {}, {}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model"}]>}, tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"data"}, {"model"}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"model", "data"}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}, tensor<16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<4x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"model"}]>}, tensor<1xi32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1xi32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}, tensor<1xi32> {sdy.sharding = #sdy.sharding<@mesh, [{}]>}) {
    %0 = stablehlo.constant dense<"0x00000000"> : tensor<1xi32>
    %1 = stablehlo.constant dense<"0x00000000"> : tensor<1xi32>
    %2 = stablehlo.constant dense<"0x00000000"> : tensor<1xi32>
    %3 = stablehlo.constant dense<"0x01000000"> : tensor<1xi32>
    %4 = stablehlo.constant dense<"0x00000000"> : tensor<1xi32>
    %5 = stablehlo.constant dense<"0x01000000"> : tensor<1xi32>
    %6 = stablehlo.convert %arg1 : (tensor<16xf32>) -> tensor<16xbf16>
    %7 = stablehlo.convert %arg0 : (tensor<16x3x4x4xf32>) -> tensor<16x3x4x4xbf16>
    %8 = stablehlo.convert %arg27 : (tensor<16xf32>) -> tensor<16xbf16>
    %9 = stablehlo.convert %arg26 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
    %10 = stablehlo.convert %arg17 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.key")
    %11 = stablehlo.convert %arg20 : (tensor<16xf32>) -> tensor<16xbf16>
    %12 = stablehlo.convert %arg19 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %13 = stablehlo.convert %arg16 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.query")
    %14 = stablehlo.convert %arg18 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.value")
    %15 = stablehlo.convert %arg23 : (tensor<32xf32>) -> tensor<32xbf16>
    %16 = stablehlo.convert %arg22 : (tensor<16x32xf32>) -> tensor<16x32xbf16> loc("map.mlp.fc1")
    %17 = stablehlo.convert %arg25 : (tensor<16xf32>) -> tensor<16xbf16>
    %18 = stablehlo.convert %arg24 : (tensor<32x16xf32>) -> tensor<32x16xbf16> loc("map.mlp.fc2")
    %19 = stablehlo.convert %arg15 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("map.probe")
    %20 = stablehlo.convert %arg2 : (tensor<4x16xf32>) -> tensor<4x16xbf16>
    %21 = stablehlo.constant dense<0.0> : tensor<2x16x16xbf16>
    %22 = stablehlo.constant dense<0.0> : tensor<2x32xbf16>
    %23 = stablehlo.constant dense<0.0> : tensor<2x16x32xbf16>
    %24 = stablehlo.constant dense<0.0> : tensor<2x16xbf16>
    %25 = stablehlo.constant dense<0.0> : tensor<2x32x16xbf16>
    %26 = stablehlo.constant dense<0> : tensor<i32>
    %124:20 = "stablehlo.while"(%26, %arg8, %21, %21, %arg7, %21, %21, %22, %23, %24, %25, %arg13, %arg5, %arg9, %arg4, %arg6, %arg11, %arg10, %arg12, %arg3) ({
    ^bb0(%27: tensor<i32>, %28: tensor<2x8xf32>, %29: tensor<2x16x16xbf16>, %30: tensor<2x16x16xbf16>, %31: tensor<2x8xf32>, %32: tensor<2x16x16xbf16>, %33: tensor<2x16x16xbf16>, %34: tensor<2x32xbf16>, %35: tensor<2x16x32xbf16>, %36: tensor<2x16xbf16>, %37: tensor<2x32x16xbf16>, %38: tensor<2x16xf32>, %39: tensor<2x16x16xf32>, %40: tensor<2x16x16xf32>, %41: tensor<2x16x16xf32>, %42: tensor<2x16x16xf32>, %43: tensor<2x32xf32>, %44: tensor<2x16x32xf32>, %45: tensor<2x32x16xf32>, %46: tensor<2x16xf32>):
      %47 = stablehlo.constant dense<2> : tensor<i32>
      %48 = stablehlo.compare LT, %27, %47, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %48 : tensor<i1>
    }, {
    ^bb0(%49: tensor<i32>, %50: tensor<2x8xf32>, %51: tensor<2x16x16xbf16>, %52: tensor<2x16x16xbf16>, %53: tensor<2x8xf32>, %54: tensor<2x16x16xbf16>, %55: tensor<2x16x16xbf16>, %56: tensor<2x32xbf16>, %57: tensor<2x16x32xbf16>, %58: tensor<2x16xbf16>, %59: tensor<2x32x16xbf16>, %60: tensor<2x16xf32>, %61: tensor<2x16x16xf32>, %62: tensor<2x16x16xf32>, %63: tensor<2x16x16xf32>, %64: tensor<2x16x16xf32>, %65: tensor<2x32xf32>, %66: tensor<2x16x32xf32>, %67: tensor<2x32x16xf32>, %68: tensor<2x16xf32>):
      %69 = stablehlo.constant dense<0> : tensor<i32>
      %70 = stablehlo.dynamic_slice %61, %49, %69, %69, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32>
      %71 = stablehlo.reshape %70 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
      %72 = stablehlo.dynamic_slice %62, %49, %69, %69, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32>
      %73 = stablehlo.reshape %72 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
      %74 = stablehlo.dynamic_slice %63, %49, %69, %69, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32>
      %75 = stablehlo.reshape %74 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
      %76 = stablehlo.dynamic_slice %64, %49, %69, %69, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32>
      %77 = stablehlo.reshape %76 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
      %78 = stablehlo.dynamic_slice %65, %49, %69, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32>
      %79 = stablehlo.reshape %78 : (tensor<1x32xf32>) -> tensor<32xf32>
      %80 = stablehlo.dynamic_slice %66, %49, %69, %69, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32>
      %81 = stablehlo.reshape %80 : (tensor<1x16x32xf32>) -> tensor<16x32xf32>
      %82 = stablehlo.dynamic_slice %67, %49, %69, %69, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32>
      %83 = stablehlo.reshape %82 : (tensor<1x32x16xf32>) -> tensor<32x16xf32>
      %84 = stablehlo.dynamic_slice %68, %49, %69, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32>
      %85 = stablehlo.reshape %84 : (tensor<1x16xf32>) -> tensor<16xf32>
      %86 = stablehlo.dynamic_slice %50, %49, %69, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32>
      %87 = stablehlo.reshape %86 : (tensor<1x8xf32>) -> tensor<8xf32>
      %88 = stablehlo.dynamic_slice %53, %49, %69, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32>
      %89 = stablehlo.reshape %88 : (tensor<1x8xf32>) -> tensor<8xf32>
      %90 = stablehlo.dynamic_slice %60, %49, %69, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32>
      %91 = stablehlo.reshape %90 : (tensor<1x16xf32>) -> tensor<16xf32>
      %92 = stablehlo.convert %71 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
      %93 = stablehlo.convert %73 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
      %94 = stablehlo.convert %75 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
      %95 = stablehlo.convert %77 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
      %96 = stablehlo.convert %79 : (tensor<32xf32>) -> tensor<32xbf16>
      %97 = stablehlo.convert %81 : (tensor<16x32xf32>) -> tensor<16x32xbf16>
      %98 = stablehlo.convert %91 : (tensor<16xf32>) -> tensor<16xbf16>
      %99 = stablehlo.convert %83 : (tensor<32x16xf32>) -> tensor<32x16xbf16>
      %100 = stablehlo.constant dense<1> : tensor<i32>
      %101 = stablehlo.add %49, %100 : tensor<i32>
      %102 = stablehlo.reshape %87 : (tensor<8xf32>) -> tensor<1x8xf32>
      %103 = stablehlo.dynamic_update_slice %50, %102, %49, %69 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %104 = stablehlo.reshape %92 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %105 = stablehlo.dynamic_update_slice %51, %104, %49, %69, %69 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %106 = stablehlo.reshape %93 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %107 = stablehlo.dynamic_update_slice %52, %106, %49, %69, %69 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %108 = stablehlo.reshape %89 : (tensor<8xf32>) -> tensor<1x8xf32>
      %109 = stablehlo.dynamic_update_slice %53, %108, %49, %69 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %110 = stablehlo.reshape %94 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %111 = stablehlo.dynamic_update_slice %54, %110, %49, %69, %69 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %112 = stablehlo.reshape %95 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %113 = stablehlo.dynamic_update_slice %55, %112, %49, %69, %69 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %114 = stablehlo.reshape %96 : (tensor<32xbf16>) -> tensor<1x32xbf16>
      %115 = stablehlo.dynamic_update_slice %56, %114, %49, %69 : (tensor<2x32xbf16>, tensor<1x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x32xbf16>
      %116 = stablehlo.reshape %97 : (tensor<16x32xbf16>) -> tensor<1x16x32xbf16>
      %117 = stablehlo.dynamic_update_slice %57, %116, %49, %69, %69 : (tensor<2x16x32xbf16>, tensor<1x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xbf16>
      %118 = stablehlo.reshape %98 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %119 = stablehlo.dynamic_update_slice %58, %118, %49, %69 : (tensor<2x16xbf16>, tensor<1x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x16xbf16>
      %120 = stablehlo.reshape %99 : (tensor<32x16xbf16>) -> tensor<1x32x16xbf16>
      %121 = stablehlo.dynamic_update_slice %59, %120, %49, %69, %69 : (tensor<2x32x16xbf16>, tensor<1x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xbf16>
      %122 = stablehlo.reshape %85 : (tensor<16xf32>) -> tensor<1x16xf32>
      %123 = stablehlo.dynamic_update_slice %60, %122, %49, %69 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      stablehlo.return %101, %103, %105, %107, %109, %111, %113, %115, %117, %119, %121, %123, %61, %62, %63, %64, %65, %66, %67, %68 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>
    }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>)
    %125 = stablehlo.constant dense<0.0> : tensor<16xbf16>
    %126 = stablehlo.convert %125 : (tensor<16xbf16>) -> tensor<16xf32>
    %127 = stablehlo.constant dense<0.0> : tensor<16x3x4x4xbf16>
    %128 = stablehlo.convert %127 : (tensor<16x3x4x4xbf16>) -> tensor<16x3x4x4xf32>
    %129 = stablehlo.convert %125 : (tensor<16xbf16>) -> tensor<16xf32>
    %130 = stablehlo.constant dense<0.0> : tensor<16x16xbf16>
    %131 = stablehlo.convert %130 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %132 = stablehlo.convert %130 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %133 = stablehlo.convert %125 : (tensor<16xbf16>) -> tensor<16xf32>
    %134 = stablehlo.convert %130 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %135 = stablehlo.convert %130 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %136 = stablehlo.convert %130 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %137 = stablehlo.constant dense<0.0> : tensor<32xbf16>
    %138 = stablehlo.convert %137 : (tensor<32xbf16>) -> tensor<32xf32>
    %139 = stablehlo.constant dense<0.0> : tensor<16x32xbf16>
    %140 = stablehlo.convert %139 : (tensor<16x32xbf16>) -> tensor<16x32xf32>
    %141 = stablehlo.convert %125 : (tensor<16xbf16>) -> tensor<16xf32>
    %142 = stablehlo.constant dense<0.0> : tensor<32x16xbf16>
    %143 = stablehlo.convert %142 : (tensor<32x16xbf16>) -> tensor<32x16xf32>
    %144 = stablehlo.constant dense<0.0> : tensor<16xf32>
    %145 = stablehlo.constant dense<0.0> : tensor<1x16xbf16>
    %146 = stablehlo.convert %145 : (tensor<1x16xbf16>) -> tensor<1x16xf32>
    %147 = stablehlo.constant dense<0.0> : tensor<4x16xbf16>
    %148 = stablehlo.convert %147 : (tensor<4x16xbf16>) -> tensor<4x16xf32>
    %149 = stablehlo.constant dense<0.0> : tensor<2x8xf32>
    %150 = stablehlo.constant dense<0.0> : tensor<2x16x16xf32>
    %151 = stablehlo.constant dense<0.0> : tensor<2x32xf32>
    %152 = stablehlo.constant dense<0.0> : tensor<2x16x32xf32>
    %153 = stablehlo.constant dense<0.0> : tensor<2x16xf32>
    %154 = stablehlo.constant dense<0.0> : tensor<2x32x16xf32>
    %221:12 = "stablehlo.while"(%26, %149, %150, %150, %149, %150, %150, %151, %152, %153, %154, %153) ({
    ^bb0(%155: tensor<i32>, %156: tensor<2x8xf32>, %157: tensor<2x16x16xf32>, %158: tensor<2x16x16xf32>, %159: tensor<2x8xf32>, %160: tensor<2x16x16xf32>, %161: tensor<2x16x16xf32>, %162: tensor<2x32xf32>, %163: tensor<2x16x32xf32>, %164: tensor<2x16xf32>, %165: tensor<2x32x16xf32>, %166: tensor<2x16xf32>):
      %167 = stablehlo.constant dense<2> : tensor<i32>
      %168 = stablehlo.compare LT, %155, %167, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %168 : tensor<i1>
    }, {
    ^bb0(%169: tensor<i32>, %170: tensor<2x8xf32>, %171: tensor<2x16x16xf32>, %172: tensor<2x16x16xf32>, %173: tensor<2x8xf32>, %174: tensor<2x16x16xf32>, %175: tensor<2x16x16xf32>, %176: tensor<2x32xf32>, %177: tensor<2x16x32xf32>, %178: tensor<2x16xf32>, %179: tensor<2x32x16xf32>, %180: tensor<2x16xf32>):
      %181 = stablehlo.constant dense<0.0> : tensor<8xf32>
      %182 = stablehlo.constant dense<0.0> : tensor<16x16xbf16>
      %183 = stablehlo.convert %182 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %184 = stablehlo.convert %182 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %185 = stablehlo.convert %182 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %186 = stablehlo.convert %182 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %187 = stablehlo.constant dense<0.0> : tensor<32xbf16>
      %188 = stablehlo.convert %187 : (tensor<32xbf16>) -> tensor<32xf32>
      %189 = stablehlo.constant dense<0.0> : tensor<16x32xbf16>
      %190 = stablehlo.convert %189 : (tensor<16x32xbf16>) -> tensor<16x32xf32>
      %191 = stablehlo.constant dense<0.0> : tensor<16xbf16>
      %192 = stablehlo.convert %191 : (tensor<16xbf16>) -> tensor<16xf32>
      %193 = stablehlo.constant dense<0.0> : tensor<32x16xbf16>
      %194 = stablehlo.convert %193 : (tensor<32x16xbf16>) -> tensor<32x16xf32>
      %195 = stablehlo.constant dense<0.0> : tensor<16xf32>
      %196 = stablehlo.constant dense<1> : tensor<i32>
      %197 = stablehlo.add %169, %196 : tensor<i32>
      %198 = stablehlo.reshape %181 : (tensor<8xf32>) -> tensor<1x8xf32>
      %199 = stablehlo.constant dense<0> : tensor<i32>
      %200 = stablehlo.dynamic_update_slice %170, %198, %169, %199 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %201 = stablehlo.reshape %183 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %202 = stablehlo.dynamic_update_slice %171, %201, %169, %199, %199 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %203 = stablehlo.reshape %184 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %204 = stablehlo.dynamic_update_slice %172, %203, %169, %199, %199 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %205 = stablehlo.reshape %181 : (tensor<8xf32>) -> tensor<1x8xf32>
      %206 = stablehlo.dynamic_update_slice %173, %205, %169, %199 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %207 = stablehlo.reshape %185 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %208 = stablehlo.dynamic_update_slice %174, %207, %169, %199, %199 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %209 = stablehlo.reshape %186 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %210 = stablehlo.dynamic_update_slice %175, %209, %169, %199, %199 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %211 = stablehlo.reshape %188 : (tensor<32xf32>) -> tensor<1x32xf32>
      %212 = stablehlo.dynamic_update_slice %176, %211, %169, %199 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
      %213 = stablehlo.reshape %190 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
      %214 = stablehlo.dynamic_update_slice %177, %213, %169, %199, %199 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
      %215 = stablehlo.reshape %192 : (tensor<16xf32>) -> tensor<1x16xf32>
      %216 = stablehlo.dynamic_update_slice %178, %215, %169, %199 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %217 = stablehlo.reshape %194 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
      %218 = stablehlo.dynamic_update_slice %179, %217, %169, %199, %199 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
      %219 = stablehlo.reshape %195 : (tensor<16xf32>) -> tensor<1x16xf32>
      %220 = stablehlo.dynamic_update_slice %180, %219, %169, %199 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      stablehlo.return %197, %200, %202, %204, %206, %208, %210, %212, %214, %216, %218, %220 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>
    }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>)
    %222 = stablehlo.slice %arg86 [0:8, 0:3, 0:8, 0:8] : (tensor<16x3x8x8xf32>) -> tensor<8x3x8x8xf32>
    %223 = stablehlo.slice %arg87 [0:8, 0:16] : (tensor<16x16xf32>) -> tensor<8x16xf32>
    %224 = stablehlo.slice %arg86 [8:16, 0:3, 0:8, 0:8] : (tensor<16x3x8x8xf32>) -> tensor<8x3x8x8xf32>
    %225 = stablehlo.slice %arg87 [8:16, 0:16] : (tensor<16x16xf32>) -> tensor<8x16xf32>
    %226 = stablehlo.constant dense<0.0> : tensor<1xf32>
    %227 = stablehlo.reshape %222 : (tensor<8x3x8x8xf32>) -> tensor<1x8x3x8x8xf32>
    %228 = stablehlo.reshape %224 : (tensor<8x3x8x8xf32>) -> tensor<1x8x3x8x8xf32>
    %229 = stablehlo.concatenate %227, %228, dim = 0 : (tensor<1x8x3x8x8xf32>, tensor<1x8x3x8x8xf32>) -> tensor<2x8x3x8x8xf32>
    %230 = stablehlo.reshape %223 : (tensor<8x16xf32>) -> tensor<1x8x16xf32>
    %231 = stablehlo.reshape %225 : (tensor<8x16xf32>) -> tensor<1x8x16xf32>
    %232 = stablehlo.concatenate %230, %231, dim = 0 : (tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> tensor<2x8x16xf32>
    %233 = stablehlo.reshape %2 : (tensor<1xi32>) -> tensor<1x1xi32>
    %234 = stablehlo.reshape %3 : (tensor<1xi32>) -> tensor<1x1xi32>
    %235 = stablehlo.concatenate %233, %234, dim = 0 : (tensor<1x1xi32>, tensor<1x1xi32>) -> tensor<2x1xi32>
    %2151:62 = "stablehlo.while"(%26, %226, %221#1, %221#2, %221#3, %221#4, %221#5, %221#6, %221#7, %221#8, %221#9, %221#10, %221#11, %126, %128, %129, %131, %132, %133, %134, %135, %136, %138, %140, %141, %143, %144, %146, %144, %148, %229, %232, %arg14, %arg21, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %124#1, %124#2, %124#3, %124#4, %124#5, %124#6, %124#7, %124#8, %124#9, %124#10, %124#11, %4, %5) ({
    ^bb0(%236: tensor<i32>, %237: tensor<1xf32>, %238: tensor<2x8xf32>, %239: tensor<2x16x16xf32>, %240: tensor<2x16x16xf32>, %241: tensor<2x8xf32>, %242: tensor<2x16x16xf32>, %243: tensor<2x16x16xf32>, %244: tensor<2x32xf32>, %245: tensor<2x16x32xf32>, %246: tensor<2x16xf32>, %247: tensor<2x32x16xf32>, %248: tensor<2x16xf32>, %249: tensor<16xf32>, %250: tensor<16x3x4x4xf32>, %251: tensor<16xf32>, %252: tensor<16x16xf32>, %253: tensor<16x16xf32>, %254: tensor<16xf32>, %255: tensor<16x16xf32>, %256: tensor<16x16xf32>, %257: tensor<16x16xf32>, %258: tensor<32xf32>, %259: tensor<16x32xf32>, %260: tensor<16xf32>, %261: tensor<32x16xf32>, %262: tensor<16xf32>, %263: tensor<1x16xf32>, %264: tensor<16xf32>, %265: tensor<4x16xf32>, %266: tensor<2x8x3x8x8xf32>, %267: tensor<2x8x16xf32>, %268: tensor<16xf32>, %269: tensor<16xf32>, %270: tensor<16xbf16>, %271: tensor<16x3x4x4xbf16>, %272: tensor<16xbf16>, %273: tensor<16x16xbf16>, %274: tensor<16x16xbf16>, %275: tensor<16xbf16>, %276: tensor<16x16xbf16>, %277: tensor<16x16xbf16>, %278: tensor<16x16xbf16>, %279: tensor<32xbf16>, %280: tensor<16x32xbf16>, %281: tensor<16xbf16>, %282: tensor<32x16xbf16>, %283: tensor<1x16xbf16>, %284: tensor<4x16xbf16>, %285: tensor<2x8xf32>, %286: tensor<2x16x16xbf16>, %287: tensor<2x16x16xbf16>, %288: tensor<2x8xf32>, %289: tensor<2x16x16xbf16>, %290: tensor<2x16x16xbf16>, %291: tensor<2x32xbf16>, %292: tensor<2x16x32xbf16>, %293: tensor<2x16xbf16>, %294: tensor<2x32x16xbf16>, %295: tensor<2x16xf32>, %296: tensor<1xi32>, %297: tensor<1xi32>):
      %298 = stablehlo.constant dense<2> : tensor<i32> loc("map.attn.out")
      %299 = stablehlo.compare LT, %236, %298, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("map.attn.out")
      stablehlo.return %299 : tensor<i1>
    }, {
    ^bb0(%300: tensor<i32>, %301: tensor<1xf32>, %302: tensor<2x8xf32>, %303: tensor<2x16x16xf32>, %304: tensor<2x16x16xf32>, %305: tensor<2x8xf32>, %306: tensor<2x16x16xf32>, %307: tensor<2x16x16xf32>, %308: tensor<2x32xf32>, %309: tensor<2x16x32xf32>, %310: tensor<2x16xf32>, %311: tensor<2x32x16xf32>, %312: tensor<2x16xf32>, %313: tensor<16xf32>, %314: tensor<16x3x4x4xf32>, %315: tensor<16xf32>, %316: tensor<16x16xf32>, %317: tensor<16x16xf32>, %318: tensor<16xf32>, %319: tensor<16x16xf32>, %320: tensor<16x16xf32>, %321: tensor<16x16xf32>, %322: tensor<32xf32>, %323: tensor<16x32xf32>, %324: tensor<16xf32>, %325: tensor<32x16xf32>, %326: tensor<16xf32>, %327: tensor<1x16xf32>, %328: tensor<16xf32>, %329: tensor<4x16xf32>, %330: tensor<2x8x3x8x8xf32>, %331: tensor<2x8x16xf32>, %332: tensor<16xf32>, %333: tensor<16xf32>, %334: tensor<16xbf16>, %335: tensor<16x3x4x4xbf16>, %336: tensor<16xbf16>, %337: tensor<16x16xbf16>, %338: tensor<16x16xbf16>, %339: tensor<16xbf16>, %340: tensor<16x16xbf16>, %341: tensor<16x16xbf16>, %342: tensor<16x16xbf16>, %343: tensor<32xbf16>, %344: tensor<16x32xbf16>, %345: tensor<16xbf16>, %346: tensor<32x16xbf16>, %347: tensor<1x16xbf16>, %348: tensor<4x16xbf16>, %349: tensor<2x8xf32>, %350: tensor<2x16x16xbf16>, %351: tensor<2x16x16xbf16>, %352: tensor<2x8xf32>, %353: tensor<2x16x16xbf16>, %354: tensor<2x16x16xbf16>, %355: tensor<2x32xbf16>, %356: tensor<2x16x32xbf16>, %357: tensor<2x16xbf16>, %358: tensor<2x32x16xbf16>, %359: tensor<2x16xf32>, %360: tensor<1xi32>, %361: tensor<1xi32>):
      %362 = stablehlo.constant dense<0> : tensor<i32> loc("map.attn.out")
      %363 = stablehlo.dynamic_slice %330, %300, %362, %362, %362, %362, sizes = [1, 8, 3, 8, 8] : (tensor<2x8x3x8x8xf32>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x3x8x8xf32> loc("map.attn.out")
      %364 = stablehlo.reshape %363 : (tensor<1x8x3x8x8xf32>) -> tensor<8x3x8x8xf32> loc("map.attn.out")
      %365 = stablehlo.dynamic_slice %331, %300, %362, %362, sizes = [1, 8, 16] : (tensor<2x8x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x16xf32> loc("map.attn.out")
      %366 = stablehlo.reshape %365 : (tensor<1x8x16xf32>) -> tensor<8x16xf32> loc("map.attn.out")
      %367 = stablehlo.convert %364 : (tensor<8x3x8x8xf32>) -> tensor<8x3x8x8xbf16>
      %368 = stablehlo.reshape %367 : (tensor<8x3x8x8xbf16>) -> tensor<8x3x2x4x2x4xbf16>
      %369 = stablehlo.transpose %368, dims = [0, 2, 4, 1, 3, 5] : (tensor<8x3x2x4x2x4xbf16>) -> tensor<8x2x2x3x4x4xbf16>
      %370 = stablehlo.reshape %369 : (tensor<8x2x2x3x4x4xbf16>) -> tensor<8x4x48xbf16>
      %371 = stablehlo.reshape %335 : (tensor<16x3x4x4xbf16>) -> tensor<16x48xbf16>
      %372 = stablehlo.transpose %371, dims = [1, 0] : (tensor<16x48xbf16>) -> tensor<48x16xbf16>
      %373 = stablehlo.reshape %370 : (tensor<8x4x48xbf16>) -> tensor<32x48xbf16>
      %374 = stablehlo.dot_general %373, %372, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<32x48xbf16>, tensor<48x16xbf16>) -> tensor<32x16xbf16>
      %375 = stablehlo.reshape %334 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %376 = stablehlo.broadcast_in_dim %375, dims = [0, 1] : (tensor<1x16xbf16>) -> tensor<32x16xbf16>
      %377 = stablehlo.add %374, %376 : tensor<32x16xbf16>
      %378 = stablehlo.reshape %377 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16>
      %379 = stablehlo.reshape %348 : (tensor<4x16xbf16>) -> tensor<1x4x16xbf16>
      %380 = stablehlo.broadcast_in_dim %379, dims = [0, 1, 2] : (tensor<1x4x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/residual")
      %381 = stablehlo.add %378, %380 : tensor<8x4x16xbf16> loc("forward/residual")
      %382 = sdy.sharding_constraint %381 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/residual")
      %383 = stablehlo.reshape %360 : (tensor<1xi32>) -> tensor<1x1xi32>
      %384 = stablehlo.reshape %361 : (tensor<1xi32>) -> tensor<1x1xi32>
      %385 = stablehlo.concatenate %383, %384, dim = 0 : (tensor<1x1xi32>, tensor<1x1xi32>) -> tensor<2x1xi32>
      %386 = stablehlo.constant dense<0.0> : tensor<2x8x4x16xbf16> loc("forward/residual")
      %387 = stablehlo.constant dense<0.0> : tensor<2x8x4x32xbf16> loc("forward/residual")
      %667:16 = "stablehlo.while"(%362, %382, %386, %386, %387, %359, %353, %350, %354, %352, %349, %351, %356, %355, %358, %357) ({
      ^bb0(%388: tensor<i32>, %389: tensor<8x4x16xbf16>, %390: tensor<2x8x4x16xbf16>, %391: tensor<2x8x4x16xbf16>, %392: tensor<2x8x4x32xbf16>, %393: tensor<2x16xf32>, %394: tensor<2x16x16xbf16>, %395: tensor<2x16x16xbf16>, %396: tensor<2x16x16xbf16>, %397: tensor<2x8xf32>, %398: tensor<2x8xf32>, %399: tensor<2x16x16xbf16>, %400: tensor<2x16x32xbf16>, %401: tensor<2x32xbf16>, %402: tensor<2x32x16xbf16>, %403: tensor<2x16xbf16>):
        %404 = stablehlo.constant dense<2> : tensor<i32> loc("forward/residual")
        %405 = stablehlo.compare LT, %388, %404, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("forward/residual")
        stablehlo.return %405 : tensor<i1>
      }, {
      ^bb0(%406: tensor<i32>, %407: tensor<8x4x16xbf16>, %408: tensor<2x8x4x16xbf16>, %409: tensor<2x8x4x16xbf16>, %410: tensor<2x8x4x32xbf16>, %411: tensor<2x16xf32>, %412: tensor<2x16x16xbf16>, %413: tensor<2x16x16xbf16>, %414: tensor<2x16x16xbf16>, %415: tensor<2x8xf32>, %416: tensor<2x8xf32>, %417: tensor<2x16x16xbf16>, %418: tensor<2x16x32xbf16>, %419: tensor<2x32xbf16>, %420: tensor<2x32x16xbf16>, %421: tensor<2x16xbf16>):
        %422 = stablehlo.constant dense<0> : tensor<i32> loc("forward/residual")
        %423 = stablehlo.dynamic_slice %411, %406, %422, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("forward/residual")
        %424 = stablehlo.reshape %423 : (tensor<1x16xf32>) -> tensor<16xf32> loc("forward/residual")
        %425 = stablehlo.dynamic_slice %412, %406, %422, %422, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %426 = stablehlo.reshape %425 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %427 = stablehlo.dynamic_slice %413, %406, %422, %422, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %428 = stablehlo.reshape %427 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %429 = stablehlo.dynamic_slice %414, %406, %422, %422, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %430 = stablehlo.reshape %429 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %431 = stablehlo.dynamic_slice %415, %406, %422, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %432 = stablehlo.reshape %431 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %433 = stablehlo.dynamic_slice %416, %406, %422, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %434 = stablehlo.reshape %433 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %435 = stablehlo.dynamic_slice %417, %406, %422, %422, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %436 = stablehlo.reshape %435 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %437 = stablehlo.dynamic_slice %418, %406, %422, %422, sizes = [1, 16, 32] : (tensor<2x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xbf16> loc("forward/residual")
        %438 = stablehlo.reshape %437 : (tensor<1x16x32xbf16>) -> tensor<16x32xbf16> loc("forward/residual")
        %439 = stablehlo.dynamic_slice %419, %406, %422, sizes = [1, 32] : (tensor<2x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x32xbf16> loc("forward/residual")
        %440 = stablehlo.reshape %439 : (tensor<1x32xbf16>) -> tensor<32xbf16> loc("forward/residual")
        %441 = stablehlo.dynamic_slice %420, %406, %422, %422, sizes = [1, 32, 16] : (tensor<2x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xbf16> loc("forward/residual")
        %442 = stablehlo.reshape %441 : (tensor<1x32x16xbf16>) -> tensor<32x16xbf16> loc("forward/residual")
        %443 = stablehlo.dynamic_slice %421, %406, %422, sizes = [1, 16] : (tensor<2x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x16xbf16> loc("forward/residual")
        %444 = stablehlo.reshape %443 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/residual")
        %445 = sdy.sharding_constraint %426 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.query")
        %446 = sdy.sharding_constraint %445 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.query")
        %447 = sdy.sharding_constraint %428 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.key")
        %448 = sdy.sharding_constraint %447 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.key")
        %449 = sdy.sharding_constraint %430 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.value")
        %450 = sdy.sharding_constraint %449 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/attn.value")
        %451 = sdy.sharding_constraint %436 <@mesh, [{"model", "data"}, {}]> : tensor<16x16xbf16> loc("forward/attn.out")
        %452 = sdy.sharding_constraint %451 <@mesh, [{"model"}, {}]> : tensor<16x16xbf16> loc("forward/attn.out")
        %453 = sdy.sharding_constraint %438 <@mesh, [{"data"}, {"model"}]> : tensor<16x32xbf16> loc("forward/mlp.fc1")
        %454 = sdy.sharding_constraint %453 <@mesh, [{}, {"model"}]> : tensor<16x32xbf16> loc("forward/mlp.fc1")
        %455 = sdy.sharding_constraint %442 <@mesh, [{"model", "data"}, {}]> : tensor<32x16xbf16> loc("forward/mlp.fc2")
        %456 = sdy.sharding_constraint %455 <@mesh, [{"model"}, {}]> : tensor<32x16xbf16> loc("forward/mlp.fc2")
        %457 = stablehlo.convert %407 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("forward/norm")
        %458 = stablehlo.multiply %457, %457 : tensor<8x4x16xf32> loc("forward/norm")
        %459 = stablehlo.constant dense<0.0> : tensor<f32> loc("forward/norm")
        %460 = stablehlo.reduce(%458 init: %459) applies stablehlo.add across dimensions = [2] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<8x4xf32> loc("forward/norm")
        %461 = stablehlo.reshape %460 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("forward/norm")
        %462 = stablehlo.constant dense<16.0> : tensor<8x4x1xf32> loc("forward/norm")
        %463 = stablehlo.divide %461, %462 : tensor<8x4x1xf32> loc("forward/norm")
        %464 = stablehlo.constant dense<1.0e-6> : tensor<8x4x1xf32> loc("forward/norm")
        %465 = stablehlo.add %463, %464 : tensor<8x4x1xf32> loc("forward/norm")
        %466 = stablehlo.sqrt %465 : tensor<8x4x1xf32> loc("forward/norm")
        %467 = stablehlo.constant dense<1.0> : tensor<8x4x1xf32> loc("forward/norm")
        %468 = stablehlo.divide %467, %466 : tensor<8x4x1xf32> loc("forward/norm")
        %469 = stablehlo.broadcast_in_dim %468, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("forward/norm")
        %470 = stablehlo.multiply %457, %469 : tensor<8x4x16xf32> loc("forward/norm")
        %471 = stablehlo.reshape %424 : (tensor<16xf32>) -> tensor<1x1x16xf32>
        %472 = stablehlo.broadcast_in_dim %471, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x4x16xf32> loc("forward/entrance")
        %473 = stablehlo.multiply %470, %472 : tensor<8x4x16xf32> loc("forward/entrance")
        %474 = stablehlo.convert %473 : (tensor<8x4x16xf32>) -> tensor<8x4x16xbf16> loc("forward/entrance")
        %475 = sdy.sharding_constraint %474 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/entrance")
        %476 = stablehlo.optimization_barrier %475 : tensor<8x4x16xbf16> loc("forward/entrance")
        %477 = stablehlo.reshape %476 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
        %478 = stablehlo.reshape %476 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
        %479 = stablehlo.reshape %476 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
        %480 = stablehlo.reshape %432 : (tensor<8xf32>) -> tensor<1x1x1x8xf32>
        %481 = stablehlo.reshape %434 : (tensor<8xf32>) -> tensor<1x1x1x8xf32>
        %482 = stablehlo.reshape %476 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
        %483 = stablehlo.reshape %440 : (tensor<32xbf16>) -> tensor<1x32xbf16>
        %484 = stablehlo.reshape %444 : (tensor<16xbf16>) -> tensor<1x16xbf16>
        %526:4 = "sdy.manual_computation"(%476, %446, %448, %450, %454) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
        ^bb0(%485: tensor<1x4x16xbf16>, %486: tensor<16x8xbf16>, %487: tensor<16x8xbf16>, %488: tensor<16x8xbf16>, %489: tensor<16x16xbf16>):
          %490 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16>
          %491 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16>
          %492 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16>
          %493 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x16xbf16>
          %494 = stablehlo.partition_id : tensor<ui32>
          %495 = stablehlo.convert %494 : (tensor<ui32>) -> tensor<i32>
          %496 = stablehlo.constant dense<1> : tensor<i32>
          %497 = stablehlo.divide %495, %496 : tensor<i32>
          %498 = stablehlo.constant dense<0> : tensor<i32>
          %499 = stablehlo.add %497, %498 : tensor<i32>
          %500 = stablehlo.constant dense<2> : tensor<i32>
          %501 = stablehlo.remainder %499, %500 : tensor<i32>
          %502 = stablehlo.multiply %501, %496 : tensor<i32>
          %503 = stablehlo.dot_general %485, %486, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.query")
          %504 = stablehlo.dynamic_update_slice %490, %503, %502, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.query")
          %505 = stablehlo.dot_general %485, %487, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.key")
          %506 = stablehlo.dynamic_update_slice %491, %505, %502, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.key")
          %507 = stablehlo.dot_general %485, %488, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.value")
          %508 = stablehlo.dynamic_update_slice %492, %507, %502, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.value")
          %509 = stablehlo.dot_general %485, %489, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc1")
          %510 = stablehlo.dynamic_update_slice %493, %509, %502, %498, %498 : (tensor<2x4x16xbf16>, tensor<1x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x16xbf16> loc("forward/mlp.fc1")
          %511 = "stablehlo.collective_permute"(%485) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc1")
          %512 = stablehlo.partition_id : tensor<ui32> loc("forward/mlp.fc1")
          %513 = stablehlo.convert %512 : (tensor<ui32>) -> tensor<i32> loc("forward/mlp.fc1")
          %514 = stablehlo.divide %513, %496 : tensor<i32> loc("forward/mlp.fc1")
          %515 = stablehlo.add %514, %496 : tensor<i32> loc("forward/mlp.fc1")
          %516 = stablehlo.remainder %515, %500 : tensor<i32> loc("forward/mlp.fc1")
          %517 = stablehlo.multiply %516, %496 : tensor<i32> loc("forward/mlp.fc1")
          %518 = stablehlo.dot_general %511, %486, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.query")
          %519 = stablehlo.dynamic_update_slice %504, %518, %517, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.query")
          %520 = stablehlo.dot_general %511, %487, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.key")
          %521 = stablehlo.dynamic_update_slice %506, %520, %517, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.key")
          %522 = stablehlo.dot_general %511, %488, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/attn.value")
          %523 = stablehlo.dynamic_update_slice %508, %522, %517, %498, %498 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/attn.value")
          %524 = stablehlo.dot_general %511, %489, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc1")
          %525 = stablehlo.dynamic_update_slice %510, %524, %517, %498, %498 : (tensor<2x4x16xbf16>, tensor<1x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x16xbf16> loc("forward/mlp.fc1")
          sdy.return %519, %521, %523, %525 : tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x16xbf16>
        }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x32xbf16>) -> (tensor<8x4x16xbf16>, tensor<8x4x16xbf16>, tensor<8x4x16xbf16>, tensor<8x4x32xbf16>) loc("forward/mlp.fc1")
        %527 = stablehlo.reshape %526#0 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/mlp.fc1")
        %528 = stablehlo.reshape %526#1 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/mlp.fc1")
        %529 = stablehlo.reshape %526#2 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/mlp.fc1")
        %530 = stablehlo.reshape %526#3 : (tensor<8x4x32xbf16>) -> tensor<32x32xbf16> loc("forward/mlp.fc1")
        %531 = stablehlo.reshape %527 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/query")
        %532 = stablehlo.reshape %528 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/key")
        %533 = stablehlo.reshape %529 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/value")
        %534 = stablehlo.reshape %533 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
        %535 = sdy.sharding_constraint %534 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
        %536 = stablehlo.transpose %535, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
        %537 = stablehlo.reshape %531 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
        %538 = sdy.sharding_constraint %537 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
        %539 = stablehlo.convert %538 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %540 = stablehlo.multiply %539, %539 : tensor<8x4x2x8xf32> loc("forward/heads")
        %541 = stablehlo.reduce(%540 init: %459) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("forward/heads")
        %542 = stablehlo.reshape %541 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("forward/heads")
        %543 = stablehlo.constant dense<8.0> : tensor<8x4x2x1xf32> loc("forward/heads")
        %544 = stablehlo.divide %542, %543 : tensor<8x4x2x1xf32> loc("forward/heads")
        %545 = stablehlo.constant dense<1.0e-6> : tensor<8x4x2x1xf32> loc("forward/heads")
        %546 = stablehlo.add %544, %545 : tensor<8x4x2x1xf32> loc("forward/heads")
        %547 = stablehlo.sqrt %546 : tensor<8x4x2x1xf32> loc("forward/heads")
        %548 = stablehlo.constant dense<1.0> : tensor<8x4x2x1xf32> loc("forward/heads")
        %549 = stablehlo.divide %548, %547 : tensor<8x4x2x1xf32> loc("forward/heads")
        %550 = stablehlo.broadcast_in_dim %549, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %551 = stablehlo.multiply %539, %550 : tensor<8x4x2x8xf32> loc("forward/heads")
        %552 = stablehlo.broadcast_in_dim %480, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %553 = stablehlo.multiply %551, %552 : tensor<8x4x2x8xf32> loc("forward/heads")
        %554 = stablehlo.convert %553 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
        %555 = stablehlo.transpose %554, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
        %556 = stablehlo.reshape %532 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
        %557 = sdy.sharding_constraint %556 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
        %558 = stablehlo.convert %557 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %559 = stablehlo.multiply %558, %558 : tensor<8x4x2x8xf32> loc("forward/heads")
        %560 = stablehlo.reduce(%559 init: %459) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("forward/heads")
        %561 = stablehlo.reshape %560 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("forward/heads")
        %562 = stablehlo.divide %561, %543 : tensor<8x4x2x1xf32> loc("forward/heads")
        %563 = stablehlo.add %562, %545 : tensor<8x4x2x1xf32> loc("forward/heads")
        %564 = stablehlo.sqrt %563 : tensor<8x4x2x1xf32> loc("forward/heads")
        %565 = stablehlo.divide %548, %564 : tensor<8x4x2x1xf32> loc("forward/heads")
        %566 = stablehlo.broadcast_in_dim %565, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %567 = stablehlo.multiply %558, %566 : tensor<8x4x2x8xf32> loc("forward/heads")
        %568 = stablehlo.broadcast_in_dim %481, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("forward/heads")
        %569 = stablehlo.multiply %567, %568 : tensor<8x4x2x8xf32> loc("forward/heads")
        %570 = stablehlo.convert %569 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
        %571 = stablehlo.transpose %570, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
        %572 = stablehlo.constant dense<0.353515625> : tensor<8x2x4x8xbf16> loc("forward/heads")
        %573 = stablehlo.multiply %555, %572 : tensor<8x2x4x8xbf16> loc("forward/heads")
        %574 = stablehlo.transpose %571, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("forward/heads")
        %575 = stablehlo.dot_general %573, %574, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x8xbf16>, tensor<8x2x8x4xbf16>) -> tensor<8x2x4x4xbf16> loc("forward/scores")
        %576 = stablehlo.convert %575 : (tensor<8x2x4x4xbf16>) -> tensor<8x2x4x4xf32> loc("forward/scores")
        %577 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("forward/scores")
        %578 = stablehlo.reduce(%576 init: %577) applies stablehlo.maximum across dimensions = [3] : (tensor<8x2x4x4xf32>, tensor<f32>) -> tensor<8x2x4xf32> loc("forward/scores")
        %579 = stablehlo.reshape %578 : (tensor<8x2x4xf32>) -> tensor<8x2x4x1xf32> loc("forward/scores")
        %580 = stablehlo.optimization_barrier %579 : tensor<8x2x4x1xf32> loc("forward/scores")
        %581 = stablehlo.broadcast_in_dim %580, dims = [0, 1, 2, 3] : (tensor<8x2x4x1xf32>) -> tensor<8x2x4x4xf32> loc("forward/scores")
        %582 = stablehlo.subtract %576, %581 : tensor<8x2x4x4xf32> loc("forward/scores")
        %583 = stablehlo.exponential %582 : tensor<8x2x4x4xf32> loc("forward/scores")
        %584 = stablehlo.reduce(%583 init: %459) applies stablehlo.add across dimensions = [3] : (tensor<8x2x4x4xf32>, tensor<f32>) -> tensor<8x2x4xf32> loc("forward/scores")
        %585 = stablehlo.reshape %584 : (tensor<8x2x4xf32>) -> tensor<8x2x4x1xf32> loc("forward/scores")
        %586 = stablehlo.constant dense<1.0> : tensor<8x2x4x1xf32> loc("forward/scores")
        %587 = stablehlo.divide %586, %585 : tensor<8x2x4x1xf32> loc("forward/scores")
        %588 = stablehlo.broadcast_in_dim %587, dims = [0, 1, 2, 3] : (tensor<8x2x4x1xf32>) -> tensor<8x2x4x4xf32> loc("forward/scores")
        %589 = stablehlo.multiply %583, %588 : tensor<8x2x4x4xf32> loc("forward/scores")
        %590 = stablehlo.convert %589 : (tensor<8x2x4x4xf32>) -> tensor<8x2x4x4xbf16> loc("forward/scores")
        %591 = stablehlo.dot_general %590, %536, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/attended")
        %592 = stablehlo.transpose %591, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/attended")
        %593 = stablehlo.reshape %592 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("forward/attended")
        %594 = stablehlo.reshape %593 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/attended")
        %595 = stablehlo.broadcast_in_dim %483, dims = [0, 1] : (tensor<1x32xbf16>) -> tensor<32x32xbf16> loc("forward/hidden")
        %596 = stablehlo.add %530, %595 : tensor<32x32xbf16> loc("forward/hidden")
        %597 = stablehlo.reshape %596 : (tensor<32x32xbf16>) -> tensor<8x4x32xbf16> loc("forward/hidden")
        %598 = sdy.sharding_constraint %597 <@mesh, [{"replica", "data"}, {}, {"model"}]> : tensor<8x4x32xbf16> loc("forward/hidden")
        %599 = stablehlo.multiply %598, %598 : tensor<8x4x32xbf16> loc("forward/hidden")
        %600 = stablehlo.constant dense<0.0712890625> : tensor<8x4x32xbf16> loc("forward/hidden")
        %601 = stablehlo.multiply %599, %600 : tensor<8x4x32xbf16> loc("forward/hidden")
        %602 = stablehlo.constant dense<1.59375> : tensor<8x4x32xbf16> loc("forward/hidden")
        %603 = stablehlo.add %601, %602 : tensor<8x4x32xbf16> loc("forward/hidden")
        %604 = stablehlo.multiply %598, %603 : tensor<8x4x32xbf16> loc("forward/hidden")
        %605 = stablehlo.convert %604 : (tensor<8x4x32xbf16>) -> tensor<8x4x32xf32> loc("forward/hidden")
        %606 = stablehlo.logistic %605 : tensor<8x4x32xf32> loc("forward/hidden")
        %607 = stablehlo.convert %606 : (tensor<8x4x32xf32>) -> tensor<8x4x32xbf16> loc("forward/hidden")
        %608 = stablehlo.multiply %607, %598 : tensor<8x4x32xbf16> loc("forward/hidden")
        %609 = stablehlo.reshape %608 : (tensor<8x4x32xbf16>) -> tensor<32x32xbf16> loc("forward/hidden")
        %610 = stablehlo.broadcast_in_dim %484, dims = [0, 1] : (tensor<1x16xbf16>) -> tensor<32x16xbf16> loc("forward/mlp.fc2")
        %611 = stablehlo.reshape %610 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/mlp.fc2")
        %655 = "sdy.manual_computation"(%593, %452, %608, %456) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"model"}, {}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
        ^bb0(%612: tensor<2x4x8xbf16>, %613: tensor<8x16xbf16>, %614: tensor<2x4x16xbf16>, %615: tensor<16x16xbf16>):
          %616 = stablehlo.partition_id : tensor<ui32> loc("forward/residual")
          %617 = stablehlo.convert %616 : (tensor<ui32>) -> tensor<i32> loc("forward/residual")
          %618 = stablehlo.constant dense<1> : tensor<i32> loc("forward/residual")
          %619 = stablehlo.divide %617, %618 : tensor<i32> loc("forward/residual")
          %620 = stablehlo.add %619, %618 : tensor<i32> loc("forward/residual")
          %621 = stablehlo.constant dense<2> : tensor<i32> loc("forward/residual")
          %622 = stablehlo.remainder %620, %621 : tensor<i32> loc("forward/residual")
          %623 = stablehlo.multiply %622, %618 : tensor<i32> loc("forward/residual")
          %624 = stablehlo.constant dense<0> : tensor<i32> loc("forward/residual")
          %625 = stablehlo.dynamic_slice %612, %623, %624, %624, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/residual")
          %626 = stablehlo.dot_general %625, %613, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<8x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/attn.out")
          %627 = stablehlo.partition_id : tensor<ui32> loc("forward/attn.out")
          %628 = stablehlo.convert %627 : (tensor<ui32>) -> tensor<i32> loc("forward/attn.out")
          %629 = stablehlo.divide %628, %618 : tensor<i32> loc("forward/attn.out")
          %630 = stablehlo.add %629, %618 : tensor<i32> loc("forward/attn.out")
          %631 = stablehlo.remainder %630, %621 : tensor<i32> loc("forward/attn.out")
          %632 = stablehlo.multiply %631, %618 : tensor<i32> loc("forward/attn.out")
          %633 = stablehlo.dynamic_slice %614, %632, %624, %624, sizes = [1, 4, 16] : (tensor<2x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x16xbf16> loc("forward/attn.out")
          %634 = stablehlo.dot_general %633, %615, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          %635 = stablehlo.add %626, %634 : tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          %636 = "stablehlo.collective_permute"(%635) <{channel_handle = #stablehlo.channel_handle<handle = 2, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          %637 = stablehlo.partition_id : tensor<ui32> loc("forward/mlp.fc2")
          %638 = stablehlo.convert %637 : (tensor<ui32>) -> tensor<i32> loc("forward/mlp.fc2")
          %639 = stablehlo.divide %638, %618 : tensor<i32> loc("forward/mlp.fc2")
          %640 = stablehlo.add %639, %624 : tensor<i32> loc("forward/mlp.fc2")
          %641 = stablehlo.remainder %640, %621 : tensor<i32> loc("forward/mlp.fc2")
          %642 = stablehlo.multiply %641, %618 : tensor<i32> loc("forward/mlp.fc2")
          %643 = stablehlo.dynamic_slice %612, %642, %624, %624, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/mlp.fc2")
          %644 = stablehlo.dot_general %643, %613, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<8x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/attn.out")
          %645 = stablehlo.partition_id : tensor<ui32> loc("forward/attn.out")
          %646 = stablehlo.convert %645 : (tensor<ui32>) -> tensor<i32> loc("forward/attn.out")
          %647 = stablehlo.divide %646, %618 : tensor<i32> loc("forward/attn.out")
          %648 = stablehlo.add %647, %624 : tensor<i32> loc("forward/attn.out")
          %649 = stablehlo.remainder %648, %621 : tensor<i32> loc("forward/attn.out")
          %650 = stablehlo.multiply %649, %618 : tensor<i32> loc("forward/attn.out")
          %651 = stablehlo.dynamic_slice %614, %650, %624, %624, sizes = [1, 4, 16] : (tensor<2x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x16xbf16> loc("forward/attn.out")
          %652 = stablehlo.dot_general %651, %615, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          %653 = stablehlo.add %644, %652 : tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          %654 = stablehlo.add %653, %636 : tensor<1x4x16xbf16> loc("forward/mlp.fc2")
          sdy.return %654 : tensor<1x4x16xbf16>
        }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<8x4x32xbf16>, tensor<32x16xbf16>) -> (tensor<8x4x16xbf16>) loc("forward/mlp.fc2")
        %656 = stablehlo.add %655, %611 : tensor<8x4x16xbf16> loc("forward/mlp.fc2")
        %657 = stablehlo.add %656, %407 : tensor<8x4x16xbf16> loc("forward/mlp.fc2")
        %658 = sdy.sharding_constraint %657 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/residual")
        %659 = stablehlo.constant dense<1> : tensor<i32>
        %660 = stablehlo.add %406, %659 : tensor<i32>
        %661 = stablehlo.reshape %407 : (tensor<8x4x16xbf16>) -> tensor<1x8x4x16xbf16>
        %662 = stablehlo.dynamic_update_slice %408, %661, %406, %422, %422, %422 : (tensor<2x8x4x16xbf16>, tensor<1x8x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x8x4x16xbf16>
        %663 = stablehlo.reshape %531 : (tensor<8x4x16xbf16>) -> tensor<1x8x4x16xbf16>
        %664 = stablehlo.dynamic_update_slice %409, %663, %406, %422, %422, %422 : (tensor<2x8x4x16xbf16>, tensor<1x8x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x8x4x16xbf16>
        %665 = stablehlo.reshape %598 : (tensor<8x4x32xbf16>) -> tensor<1x8x4x32xbf16>
        %666 = stablehlo.dynamic_update_slice %410, %665, %406, %422, %422, %422 : (tensor<2x8x4x32xbf16>, tensor<1x8x4x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x8x4x32xbf16>
        stablehlo.return %660, %658, %662, %664, %666, %411, %412, %413, %414, %415, %416, %417, %418, %419, %420, %421 : tensor<i32>, tensor<8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>
      }) : (tensor<i32>, tensor<8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>) -> (tensor<i32>, tensor<8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>)
      %668 = stablehlo.convert %667#1 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("forward/residual")
      %669 = stablehlo.multiply %668, %668 : tensor<8x4x16xf32> loc("forward/residual")
      %670 = stablehlo.constant dense<0.0> : tensor<f32> loc("forward/residual")
      %671 = stablehlo.reduce(%669 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<8x4xf32> loc("forward/residual")
      %672 = stablehlo.reshape %671 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("forward/residual")
      %673 = stablehlo.constant dense<16.0> : tensor<8x4x1xf32> loc("forward/residual")
      %674 = stablehlo.divide %672, %673 : tensor<8x4x1xf32> loc("forward/residual")
      %675 = stablehlo.constant dense<1.0e-6> : tensor<8x4x1xf32> loc("forward/residual")
      %676 = stablehlo.add %674, %675 : tensor<8x4x1xf32> loc("forward/residual")
      %677 = stablehlo.sqrt %676 : tensor<8x4x1xf32> loc("forward/residual")
      %678 = stablehlo.constant dense<1.0> : tensor<8x4x1xf32> loc("forward/residual")
      %679 = stablehlo.divide %678, %677 : tensor<8x4x1xf32> loc("forward/residual")
      %680 = stablehlo.broadcast_in_dim %679, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("forward/residual")
      %681 = stablehlo.multiply %668, %680 : tensor<8x4x16xf32> loc("forward/residual")
      %682 = stablehlo.reshape %332 : (tensor<16xf32>) -> tensor<1x1x16xf32>
      %683 = stablehlo.broadcast_in_dim %682, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x4x16xf32> loc("forward/entrance")
      %684 = stablehlo.multiply %681, %683 : tensor<8x4x16xf32> loc("forward/entrance")
      %685 = stablehlo.convert %684 : (tensor<8x4x16xf32>) -> tensor<8x4x16xbf16> loc("forward/entrance")
      %686 = sdy.sharding_constraint %347 <@mesh, [{}, {}]> : tensor<1x16xbf16> loc("forward/map.probe")
      %687 = sdy.sharding_constraint %686 <@mesh, [{}, {}]> : tensor<1x16xbf16> loc("forward/map.probe")
      %688 = sdy.sharding_constraint %341 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.query")
      %689 = sdy.sharding_constraint %688 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.query")
      %690 = sdy.sharding_constraint %338 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.key")
      %691 = sdy.sharding_constraint %690 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.key")
      %692 = sdy.sharding_constraint %342 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.value")
      %693 = sdy.sharding_constraint %692 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("forward/map.attn.value")
      %694 = sdy.sharding_constraint %340 <@mesh, [{"model", "data"}, {}]> : tensor<16x16xbf16> loc("forward/map.attn.out")
      %695 = sdy.sharding_constraint %694 <@mesh, [{"model"}, {}]> : tensor<16x16xbf16> loc("forward/map.attn.out")
      %696 = sdy.sharding_constraint %344 <@mesh, [{"data"}, {"model"}]> : tensor<16x32xbf16> loc("forward/map.mlp.fc1")
      %697 = sdy.sharding_constraint %696 <@mesh, [{}, {"model"}]> : tensor<16x32xbf16> loc("forward/map.mlp.fc1")
      %698 = sdy.sharding_constraint %346 <@mesh, [{"model", "data"}, {}]> : tensor<32x16xbf16> loc("forward/map.mlp.fc2")
      %699 = sdy.sharding_constraint %698 <@mesh, [{"model"}, {}]> : tensor<32x16xbf16> loc("forward/map.mlp.fc2")
      %700 = stablehlo.reshape %687 : (tensor<1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.probe")
      %701 = stablehlo.broadcast_in_dim %700, dims = [0, 1, 2] : (tensor<1x1x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/map.probe")
      %702 = sdy.sharding_constraint %685 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/entrance")
      %703 = stablehlo.reshape %701 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.probe")
      %704 = stablehlo.reshape %702 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
      %705 = stablehlo.reshape %702 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/entrance")
      %706 = stablehlo.reshape %339 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %707 = stablehlo.reshape %333 : (tensor<16xf32>) -> tensor<1x1x16xf32>
      %708 = stablehlo.reshape %343 : (tensor<32xbf16>) -> tensor<1x32xbf16>
      %709 = stablehlo.reshape %345 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %710 = stablehlo.reshape %336 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %711 = stablehlo.constant dense<1.0> : tensor<1xf32>
      %712 = stablehlo.constant dense<1.0> : tensor<8x1xf32>
      %713 = stablehlo.constant dense<0.125> : tensor<8x1xf32>
      %714 = stablehlo.multiply %712, %713 : tensor<8x1xf32>
      %715 = stablehlo.reshape %711 : (tensor<1xf32>) -> tensor<1x1xf32>
      %716 = stablehlo.broadcast_in_dim %715, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<8x1xf32>
      %717 = stablehlo.multiply %714, %716 : tensor<8x1xf32>
      %718 = stablehlo.constant dense<1.0> : tensor<8x16xf32>
      %719 = stablehlo.reduce(%717 init: %670) applies stablehlo.add across dimensions = [1] : (tensor<8x1xf32>, tensor<f32>) -> tensor<8xf32>
      %720 = stablehlo.reshape %719 : (tensor<8xf32>) -> tensor<8x1xf32>
      %721 = stablehlo.broadcast_in_dim %720, dims = [0, 1] : (tensor<8x1xf32>) -> tensor<8x16xf32>
      %722 = stablehlo.multiply %718, %721 : tensor<8x16xf32>
      %723 = stablehlo.negate %722 : tensor<8x16xf32>
      %724 = stablehlo.constant dense<0.5> : tensor<8x16xf32>
      %725 = stablehlo.multiply %722, %724 : tensor<8x16xf32>
      %726 = stablehlo.multiply %723, %366 : tensor<8x16xf32>
      %727 = stablehlo.add %726, %725 : tensor<8x16xf32>
      %728 = stablehlo.transpose %337, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16>
      %729 = stablehlo.transpose %699, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("forward/map.mlp.fc2")
      %730 = stablehlo.transpose %697, dims = [1, 0] : (tensor<16x32xbf16>) -> tensor<32x16xbf16> loc("forward/map.mlp.fc1")
      %731 = stablehlo.constant dense<1.0> : tensor<8x1x16xf32>
      %732 = stablehlo.constant dense<0.0625> : tensor<8x1x16xf32>
      %733 = stablehlo.multiply %731, %732 : tensor<8x1x16xf32>
      %734 = stablehlo.transpose %695, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %735 = stablehlo.transpose %693, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("forward/map.attn.value")
      %736 = stablehlo.transpose %705, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("forward/entrance")
      %737 = stablehlo.transpose %691, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("forward/map.attn.key")
      %738 = stablehlo.transpose %704, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("forward/entrance")
      %739 = stablehlo.multiply %677, %677 : tensor<8x4x1xf32> loc("forward/residual")
      %740 = stablehlo.divide %678, %739 : tensor<8x4x1xf32> loc("forward/residual")
      %741 = stablehlo.negate %740 : tensor<8x4x1xf32> loc("forward/residual")
      %742 = stablehlo.constant dense<-0.5> : tensor<8x4x1xf32> loc("forward/residual")
      %743 = stablehlo.power %676, %742 : tensor<8x4x1xf32> loc("forward/residual")
      %744 = stablehlo.constant dense<2.0> : tensor<8x4x1xf32> loc("forward/residual")
      %745 = stablehlo.divide %743, %744 : tensor<8x4x1xf32> loc("forward/residual")
      %746 = stablehlo.constant dense<1.0> : tensor<8x4x16xf32>
      %747 = stablehlo.constant dense<0.0625> : tensor<8x4x16xf32>
      %748 = stablehlo.multiply %746, %747 : tensor<8x4x16xf32>
      %749 = stablehlo.transpose %373, dims = [1, 0] : (tensor<32x48xbf16>) -> tensor<48x32xbf16>
      %750 = stablehlo.transpose %689, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("forward/map.attn.query")
      %751 = stablehlo.transpose %703, dims = [1, 0] : (tensor<8x16xbf16>) -> tensor<16x8xbf16> loc("forward/map.probe")
      %775 = "sdy.manual_computation"(%701, %689) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
      ^bb0(%752: tensor<1x1x16xbf16>, %753: tensor<16x8xbf16>):
        %754 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x1x8xbf16>
        %755 = stablehlo.partition_id : tensor<ui32>
        %756 = stablehlo.convert %755 : (tensor<ui32>) -> tensor<i32>
        %757 = stablehlo.constant dense<1> : tensor<i32>
        %758 = stablehlo.divide %756, %757 : tensor<i32>
        %759 = stablehlo.constant dense<0> : tensor<i32>
        %760 = stablehlo.add %758, %759 : tensor<i32>
        %761 = stablehlo.constant dense<2> : tensor<i32>
        %762 = stablehlo.remainder %760, %761 : tensor<i32>
        %763 = stablehlo.multiply %762, %757 : tensor<i32>
        %764 = stablehlo.dot_general %752, %753, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x8xbf16>) -> tensor<1x1x8xbf16> loc("forward/map.attn.query")
        %765 = stablehlo.dynamic_update_slice %754, %764, %763, %759, %759 : (tensor<2x1x8xbf16>, tensor<1x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x8xbf16> loc("forward/map.attn.query")
        %766 = "stablehlo.collective_permute"(%752) <{channel_handle = #stablehlo.channel_handle<handle = 3, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.query")
        %767 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.query")
        %768 = stablehlo.convert %767 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.query")
        %769 = stablehlo.divide %768, %757 : tensor<i32> loc("forward/map.attn.query")
        %770 = stablehlo.add %769, %757 : tensor<i32> loc("forward/map.attn.query")
        %771 = stablehlo.remainder %770, %761 : tensor<i32> loc("forward/map.attn.query")
        %772 = stablehlo.multiply %771, %757 : tensor<i32> loc("forward/map.attn.query")
        %773 = stablehlo.dot_general %766, %753, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x8xbf16>) -> tensor<1x1x8xbf16> loc("forward/map.attn.query")
        %774 = stablehlo.dynamic_update_slice %765, %773, %772, %759, %759 : (tensor<2x1x8xbf16>, tensor<1x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x8xbf16> loc("forward/map.attn.query")
        sdy.return %774 : tensor<2x1x8xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/map.attn.query")
      %776 = stablehlo.reshape %775 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.query")
      %806:2 = "sdy.manual_computation"(%702, %691, %693) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
      ^bb0(%777: tensor<1x4x16xbf16>, %778: tensor<16x8xbf16>, %779: tensor<16x8xbf16>):
        %780 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16>
        %781 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16>
        %782 = stablehlo.partition_id : tensor<ui32>
        %783 = stablehlo.convert %782 : (tensor<ui32>) -> tensor<i32>
        %784 = stablehlo.constant dense<1> : tensor<i32>
        %785 = stablehlo.divide %783, %784 : tensor<i32>
        %786 = stablehlo.constant dense<0> : tensor<i32>
        %787 = stablehlo.add %785, %786 : tensor<i32>
        %788 = stablehlo.constant dense<2> : tensor<i32>
        %789 = stablehlo.remainder %787, %788 : tensor<i32>
        %790 = stablehlo.multiply %789, %784 : tensor<i32>
        %791 = stablehlo.dot_general %777, %778, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/map.attn.key")
        %792 = stablehlo.dynamic_update_slice %780, %791, %790, %786, %786 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/map.attn.key")
        %793 = stablehlo.dot_general %777, %779, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/map.attn.value")
        %794 = stablehlo.dynamic_update_slice %781, %793, %790, %786, %786 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/map.attn.value")
        %795 = "stablehlo.collective_permute"(%777) <{channel_handle = #stablehlo.channel_handle<handle = 4, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/map.attn.value")
        %796 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.value")
        %797 = stablehlo.convert %796 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.value")
        %798 = stablehlo.divide %797, %784 : tensor<i32> loc("forward/map.attn.value")
        %799 = stablehlo.add %798, %784 : tensor<i32> loc("forward/map.attn.value")
        %800 = stablehlo.remainder %799, %788 : tensor<i32> loc("forward/map.attn.value")
        %801 = stablehlo.multiply %800, %784 : tensor<i32> loc("forward/map.attn.value")
        %802 = stablehlo.dot_general %795, %778, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/map.attn.key")
        %803 = stablehlo.dynamic_update_slice %792, %802, %801, %786, %786 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/map.attn.key")
        %804 = stablehlo.dot_general %795, %779, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("forward/map.attn.value")
        %805 = stablehlo.dynamic_update_slice %794, %804, %801, %786, %786 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("forward/map.attn.value")
        sdy.return %803, %805 : tensor<2x4x8xbf16>, tensor<2x4x8xbf16>
      }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x4x16xbf16>, tensor<8x4x16xbf16>) loc("forward/map.attn.value")
      %807 = stablehlo.reshape %806#0 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/map.attn.value")
      %808 = stablehlo.reshape %806#1 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/map.attn.value")
      %809 = stablehlo.reshape %776 : (tensor<8x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/query")
      %810 = stablehlo.reshape %807 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/key")
      %811 = stablehlo.reshape %808 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/value")
      %812 = stablehlo.reshape %811 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
      %813 = sdy.sharding_constraint %812 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
      %814 = stablehlo.transpose %813, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
      %815 = stablehlo.reshape %809 : (tensor<8x1x16xbf16>) -> tensor<8x1x2x8xbf16> loc("forward/heads")
      %816 = sdy.sharding_constraint %815 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x1x2x8xbf16> loc("forward/heads")
      %817 = stablehlo.transpose %816, dims = [0, 2, 1, 3] : (tensor<8x1x2x8xbf16>) -> tensor<8x2x1x8xbf16> loc("forward/heads")
      %818 = stablehlo.reshape %810 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
      %819 = sdy.sharding_constraint %818 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
      %820 = stablehlo.transpose %819, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
      %821 = stablehlo.constant dense<0.353515625> : tensor<8x2x1x8xbf16> loc("forward/heads")
      %822 = stablehlo.multiply %817, %821 : tensor<8x2x1x8xbf16> loc("forward/heads")
      %823 = stablehlo.transpose %820, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("forward/heads")
      %824 = stablehlo.dot_general %822, %823, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x1x8xbf16>, tensor<8x2x8x4xbf16>) -> tensor<8x2x1x4xbf16> loc("forward/scores")
      %825 = stablehlo.convert %824 : (tensor<8x2x1x4xbf16>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %826 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("forward/scores")
      %827 = stablehlo.reduce(%825 init: %826) applies stablehlo.maximum across dimensions = [3] : (tensor<8x2x1x4xf32>, tensor<f32>) -> tensor<8x2x1xf32> loc("forward/scores")
      %828 = stablehlo.reshape %827 : (tensor<8x2x1xf32>) -> tensor<8x2x1x1xf32> loc("forward/scores")
      %829 = stablehlo.optimization_barrier %828 : tensor<8x2x1x1xf32> loc("forward/scores")
      %830 = stablehlo.broadcast_in_dim %829, dims = [0, 1, 2, 3] : (tensor<8x2x1x1xf32>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %831 = stablehlo.subtract %825, %830 : tensor<8x2x1x4xf32> loc("forward/scores")
      %832 = stablehlo.exponential %831 : tensor<8x2x1x4xf32> loc("forward/scores")
      %833 = stablehlo.reduce(%832 init: %670) applies stablehlo.add across dimensions = [3] : (tensor<8x2x1x4xf32>, tensor<f32>) -> tensor<8x2x1xf32> loc("forward/scores")
      %834 = stablehlo.reshape %833 : (tensor<8x2x1xf32>) -> tensor<8x2x1x1xf32> loc("forward/scores")
      %835 = stablehlo.constant dense<1.0> : tensor<8x2x1x1xf32> loc("forward/scores")
      %836 = stablehlo.divide %835, %834 : tensor<8x2x1x1xf32> loc("forward/scores")
      %837 = stablehlo.broadcast_in_dim %836, dims = [0, 1, 2, 3] : (tensor<8x2x1x1xf32>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %838 = stablehlo.multiply %832, %837 : tensor<8x2x1x4xf32> loc("forward/scores")
      %839 = stablehlo.convert %838 : (tensor<8x2x1x4xf32>) -> tensor<8x2x1x4xbf16> loc("forward/scores")
      %840 = stablehlo.dot_general %839, %814, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x1x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x1x8xbf16> loc("forward/attended")
      %841 = stablehlo.transpose %840, dims = [0, 2, 1, 3] : (tensor<8x2x1x8xbf16>) -> tensor<8x1x2x8xbf16> loc("forward/attended")
      %842 = stablehlo.reshape %841 : (tensor<8x1x2x8xbf16>) -> tensor<8x1x16xbf16> loc("forward/attended")
      %843 = stablehlo.reshape %842 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/attended")
      %844 = stablehlo.broadcast_in_dim %706, dims = [0, 1] : (tensor<1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %845 = stablehlo.reshape %844 : (tensor<8x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/map.attn.out")
      %846 = stablehlo.transpose %843, dims = [1, 0] : (tensor<8x16xbf16>) -> tensor<16x8xbf16> loc("forward/attended")
      %847 = stablehlo.transpose %814, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("forward/heads")
      %848 = stablehlo.transpose %839, dims = [0, 1, 3, 2] : (tensor<8x2x1x4xbf16>) -> tensor<8x2x4x1xbf16> loc("forward/scores")
      %849 = stablehlo.transpose %823, dims = [0, 1, 3, 2] : (tensor<8x2x8x4xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
      %850 = stablehlo.transpose %822, dims = [0, 1, 3, 2] : (tensor<8x2x1x8xbf16>) -> tensor<8x2x8x1xbf16> loc("forward/heads")
      %874 = "sdy.manual_computation"(%842, %695) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
      ^bb0(%851: tensor<2x1x8xbf16>, %852: tensor<8x16xbf16>):
        %853 = stablehlo.partition_id : tensor<ui32> loc("forward/heads")
        %854 = stablehlo.convert %853 : (tensor<ui32>) -> tensor<i32> loc("forward/heads")
        %855 = stablehlo.constant dense<1> : tensor<i32> loc("forward/heads")
        %856 = stablehlo.divide %854, %855 : tensor<i32> loc("forward/heads")
        %857 = stablehlo.add %856, %855 : tensor<i32> loc("forward/heads")
        %858 = stablehlo.constant dense<2> : tensor<i32> loc("forward/heads")
        %859 = stablehlo.remainder %857, %858 : tensor<i32> loc("forward/heads")
        %860 = stablehlo.multiply %859, %855 : tensor<i32> loc("forward/heads")
        %861 = stablehlo.constant dense<0> : tensor<i32> loc("forward/heads")
        %862 = stablehlo.dynamic_slice %851, %860, %861, %861, sizes = [1, 1, 8] : (tensor<2x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x8xbf16> loc("forward/heads")
        %863 = stablehlo.dot_general %862, %852, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x8xbf16>, tensor<8x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %864 = "stablehlo.collective_permute"(%863) <{channel_handle = #stablehlo.channel_handle<handle = 5, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %865 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.out")
        %866 = stablehlo.convert %865 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.out")
        %867 = stablehlo.divide %866, %855 : tensor<i32> loc("forward/map.attn.out")
        %868 = stablehlo.add %867, %861 : tensor<i32> loc("forward/map.attn.out")
        %869 = stablehlo.remainder %868, %858 : tensor<i32> loc("forward/map.attn.out")
        %870 = stablehlo.multiply %869, %855 : tensor<i32> loc("forward/map.attn.out")
        %871 = stablehlo.dynamic_slice %851, %870, %861, %861, sizes = [1, 1, 8] : (tensor<2x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x8xbf16> loc("forward/map.attn.out")
        %872 = stablehlo.dot_general %871, %852, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x8xbf16>, tensor<8x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %873 = stablehlo.add %872, %864 : tensor<1x1x16xbf16> loc("forward/map.attn.out")
        sdy.return %873 : tensor<1x1x16xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/map.attn.out")
      %875 = stablehlo.add %874, %845 : tensor<8x1x16xbf16> loc("forward/map.attn.out")
      %876 = stablehlo.convert %875 : (tensor<8x1x16xbf16>) -> tensor<8x1x16xf32> loc("forward/map.attn.out")
      %877 = stablehlo.multiply %876, %876 : tensor<8x1x16xf32> loc("forward/map.attn.out")
      %878 = stablehlo.reduce(%877 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x1x16xf32>, tensor<f32>) -> tensor<8x1xf32> loc("forward/map.attn.out")
      %879 = stablehlo.reshape %878 : (tensor<8x1xf32>) -> tensor<8x1x1xf32> loc("forward/map.attn.out")
      %880 = stablehlo.constant dense<16.0> : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %881 = stablehlo.divide %879, %880 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %882 = stablehlo.constant dense<1.0e-6> : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %883 = stablehlo.add %881, %882 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %884 = stablehlo.sqrt %883 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %885 = stablehlo.constant dense<1.0> : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %886 = stablehlo.divide %885, %884 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %887 = stablehlo.broadcast_in_dim %886, dims = [0, 1, 2] : (tensor<8x1x1xf32>) -> tensor<8x1x16xf32> loc("forward/map.attn.out")
      %888 = stablehlo.multiply %876, %887 : tensor<8x1x16xf32> loc("forward/map.attn.out")
      %889 = stablehlo.broadcast_in_dim %707, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x1x16xf32> loc("forward/map.attn.out")
      %890 = stablehlo.multiply %888, %889 : tensor<8x1x16xf32> loc("forward/map.attn.out")
      %891 = stablehlo.convert %890 : (tensor<8x1x16xf32>) -> tensor<8x1x16xbf16> loc("forward/map.attn.out")
      %892 = stablehlo.reshape %891 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %893 = stablehlo.transpose %892, dims = [1, 0] : (tensor<8x16xbf16>) -> tensor<16x8xbf16> loc("forward/map.attn.out")
      %894 = stablehlo.multiply %884, %884 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %895 = stablehlo.divide %885, %894 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %896 = stablehlo.negate %895 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %897 = stablehlo.constant dense<-0.5> : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %898 = stablehlo.power %883, %897 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %899 = stablehlo.constant dense<2.0> : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %900 = stablehlo.divide %898, %899 : tensor<8x1x1xf32> loc("forward/map.attn.out")
      %924 = "sdy.manual_computation"(%891, %697) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
      ^bb0(%901: tensor<1x1x16xbf16>, %902: tensor<16x16xbf16>):
        %903 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x1x16xbf16> loc("forward/map.attn.out")
        %904 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.out")
        %905 = stablehlo.convert %904 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.out")
        %906 = stablehlo.constant dense<1> : tensor<i32> loc("forward/map.attn.out")
        %907 = stablehlo.divide %905, %906 : tensor<i32> loc("forward/map.attn.out")
        %908 = stablehlo.constant dense<0> : tensor<i32> loc("forward/map.attn.out")
        %909 = stablehlo.add %907, %908 : tensor<i32> loc("forward/map.attn.out")
        %910 = stablehlo.constant dense<2> : tensor<i32> loc("forward/map.attn.out")
        %911 = stablehlo.remainder %909, %910 : tensor<i32> loc("forward/map.attn.out")
        %912 = stablehlo.multiply %911, %906 : tensor<i32> loc("forward/map.attn.out")
        %913 = stablehlo.dot_general %901, %902, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc1")
        %914 = stablehlo.dynamic_update_slice %903, %913, %912, %908, %908 : (tensor<2x1x16xbf16>, tensor<1x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x16xbf16> loc("forward/map.mlp.fc1")
        %915 = "stablehlo.collective_permute"(%901) <{channel_handle = #stablehlo.channel_handle<handle = 6, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc1")
        %916 = stablehlo.partition_id : tensor<ui32> loc("forward/map.mlp.fc1")
        %917 = stablehlo.convert %916 : (tensor<ui32>) -> tensor<i32> loc("forward/map.mlp.fc1")
        %918 = stablehlo.divide %917, %906 : tensor<i32> loc("forward/map.mlp.fc1")
        %919 = stablehlo.add %918, %906 : tensor<i32> loc("forward/map.mlp.fc1")
        %920 = stablehlo.remainder %919, %910 : tensor<i32> loc("forward/map.mlp.fc1")
        %921 = stablehlo.multiply %920, %906 : tensor<i32> loc("forward/map.mlp.fc1")
        %922 = stablehlo.dot_general %915, %902, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc1")
        %923 = stablehlo.dynamic_update_slice %914, %922, %921, %908, %908 : (tensor<2x1x16xbf16>, tensor<1x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x16xbf16> loc("forward/map.mlp.fc1")
        sdy.return %923 : tensor<2x1x16xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<16x32xbf16>) -> (tensor<8x1x32xbf16>) loc("forward/map.mlp.fc1")
      %925 = stablehlo.reshape %924 : (tensor<8x1x32xbf16>) -> tensor<8x32xbf16> loc("forward/map.mlp.fc1")
      %926 = stablehlo.broadcast_in_dim %708, dims = [0, 1] : (tensor<1x32xbf16>) -> tensor<8x32xbf16> loc("forward/hidden")
      %927 = stablehlo.add %925, %926 : tensor<8x32xbf16> loc("forward/hidden")
      %928 = stablehlo.reshape %927 : (tensor<8x32xbf16>) -> tensor<8x1x32xbf16> loc("forward/hidden")
      %929 = sdy.sharding_constraint %928 <@mesh, [{"replica", "data"}, {}, {"model"}]> : tensor<8x1x32xbf16> loc("forward/hidden")
      %930 = stablehlo.multiply %929, %929 : tensor<8x1x32xbf16> loc("forward/hidden")
      %931 = stablehlo.constant dense<0.0712890625> : tensor<8x1x32xbf16> loc("forward/hidden")
      %932 = stablehlo.multiply %930, %931 : tensor<8x1x32xbf16> loc("forward/hidden")
      %933 = stablehlo.constant dense<1.59375> : tensor<8x1x32xbf16> loc("forward/hidden")
      %934 = stablehlo.add %932, %933 : tensor<8x1x32xbf16> loc("forward/hidden")
      %935 = stablehlo.multiply %929, %934 : tensor<8x1x32xbf16> loc("forward/hidden")
      %936 = stablehlo.convert %935 : (tensor<8x1x32xbf16>) -> tensor<8x1x32xf32> loc("forward/hidden")
      %937 = stablehlo.logistic %936 : tensor<8x1x32xf32> loc("forward/hidden")
      %938 = stablehlo.convert %937 : (tensor<8x1x32xf32>) -> tensor<8x1x32xbf16> loc("forward/hidden")
      %939 = stablehlo.multiply %938, %929 : tensor<8x1x32xbf16> loc("forward/hidden")
      %940 = stablehlo.reshape %939 : (tensor<8x1x32xbf16>) -> tensor<8x32xbf16> loc("forward/hidden")
      %941 = stablehlo.broadcast_in_dim %709, dims = [0, 1] : (tensor<1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.mlp.fc2")
      %942 = stablehlo.reshape %941 : (tensor<8x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/map.mlp.fc2")
      %943 = stablehlo.transpose %940, dims = [1, 0] : (tensor<8x32xbf16>) -> tensor<32x8xbf16> loc("forward/hidden")
      %944 = stablehlo.convert %935 : (tensor<8x1x32xbf16>) -> tensor<8x1x32xf32> loc("forward/hidden")
      %945 = stablehlo.logistic %944 : tensor<8x1x32xf32> loc("forward/hidden")
      %946 = stablehlo.convert %945 : (tensor<8x1x32xf32>) -> tensor<8x1x32xbf16> loc("forward/hidden")
      %970 = "sdy.manual_computation"(%939, %699) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
      ^bb0(%947: tensor<2x1x16xbf16>, %948: tensor<16x16xbf16>):
        %949 = stablehlo.partition_id : tensor<ui32> loc("forward/hidden")
        %950 = stablehlo.convert %949 : (tensor<ui32>) -> tensor<i32> loc("forward/hidden")
        %951 = stablehlo.constant dense<1> : tensor<i32> loc("forward/hidden")
        %952 = stablehlo.divide %950, %951 : tensor<i32> loc("forward/hidden")
        %953 = stablehlo.add %952, %951 : tensor<i32> loc("forward/hidden")
        %954 = stablehlo.constant dense<2> : tensor<i32> loc("forward/hidden")
        %955 = stablehlo.remainder %953, %954 : tensor<i32> loc("forward/hidden")
        %956 = stablehlo.multiply %955, %951 : tensor<i32> loc("forward/hidden")
        %957 = stablehlo.constant dense<0> : tensor<i32> loc("forward/hidden")
        %958 = stablehlo.dynamic_slice %947, %956, %957, %957, sizes = [1, 1, 16] : (tensor<2x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %959 = stablehlo.dot_general %958, %948, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc2")
        %960 = "stablehlo.collective_permute"(%959) <{channel_handle = #stablehlo.channel_handle<handle = 7, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc2")
        %961 = stablehlo.partition_id : tensor<ui32> loc("forward/map.mlp.fc2")
        %962 = stablehlo.convert %961 : (tensor<ui32>) -> tensor<i32> loc("forward/map.mlp.fc2")
        %963 = stablehlo.divide %962, %951 : tensor<i32> loc("forward/map.mlp.fc2")
        %964 = stablehlo.add %963, %957 : tensor<i32> loc("forward/map.mlp.fc2")
        %965 = stablehlo.remainder %964, %954 : tensor<i32> loc("forward/map.mlp.fc2")
        %966 = stablehlo.multiply %965, %951 : tensor<i32> loc("forward/map.mlp.fc2")
        %967 = stablehlo.dynamic_slice %947, %966, %957, %957, sizes = [1, 1, 16] : (tensor<2x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc2")
        %968 = stablehlo.dot_general %967, %948, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc2")
        %969 = stablehlo.add %968, %960 : tensor<1x1x16xbf16> loc("forward/map.mlp.fc2")
        sdy.return %969 : tensor<1x1x16xbf16>
      }) : (tensor<8x1x32xbf16>, tensor<32x16xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/map.mlp.fc2")
      %971 = stablehlo.add %970, %942 : tensor<8x1x16xbf16> loc("forward/map.mlp.fc2")
      %972 = stablehlo.add %971, %875 : tensor<8x1x16xbf16> loc("forward/map.mlp.fc2")
      %973 = stablehlo.reshape %972 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.mlp.fc2")
      %974 = stablehlo.dot_general %973, %337, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x16xbf16>, tensor<16x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %975 = stablehlo.broadcast_in_dim %710, dims = [0, 1] : (tensor<1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %976 = stablehlo.add %974, %975 : tensor<8x16xbf16> loc("forward/map.attn.out")
      %977 = stablehlo.convert %976 : (tensor<8x16xbf16>) -> tensor<8x16xf32> loc("forward/map.attn.out")
      %978 = stablehlo.abs %977 : tensor<8x16xf32> loc("forward/map.attn.out")
      %979 = stablehlo.add %977, %978 : tensor<8x16xf32> loc("forward/map.attn.out")
      %980 = stablehlo.multiply %979, %724 : tensor<8x16xf32> loc("forward/map.attn.out")
      %981 = stablehlo.negate %978 : tensor<8x16xf32> loc("forward/map.attn.out")
      %982 = stablehlo.exponential %981 : tensor<8x16xf32> loc("forward/map.attn.out")
      %983 = stablehlo.log_plus_one %982 : tensor<8x16xf32> loc("forward/map.attn.out")
      %984 = stablehlo.add %980, %983 : tensor<8x16xf32> loc("forward/map.attn.out")
      %985 = stablehlo.multiply %977, %366 : tensor<8x16xf32> loc("forward/map.attn.out")
      %986 = stablehlo.subtract %984, %985 : tensor<8x16xf32> loc("forward/map.attn.out")
      %987 = stablehlo.reduce(%986 init: %670) applies stablehlo.add across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %988 = stablehlo.reshape %987 : (tensor<8xf32>) -> tensor<8x1xf32> loc("forward/map.attn.out")
      %989 = stablehlo.reduce(%988 init: %670) applies stablehlo.add across dimensions = [0, 1] : (tensor<8x1xf32>, tensor<f32>) -> tensor<f32> loc("forward/map.attn.out")
      %990 = stablehlo.reshape %989 : (tensor<f32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %991 = stablehlo.constant dense<8.0> : tensor<1x1xf32> loc("forward/map.attn.out")
      %992 = stablehlo.divide %990, %991 : tensor<1x1xf32> loc("forward/map.attn.out")
      %993 = stablehlo.reshape %992 : (tensor<1x1xf32>) -> tensor<1xf32> loc("forward/map.attn.out")
      %994 = stablehlo.add %982, %718 : tensor<8x16xf32> loc("forward/map.attn.out")
      %995 = stablehlo.divide %718, %994 : tensor<8x16xf32> loc("forward/map.attn.out")
      %996 = stablehlo.multiply %722, %995 : tensor<8x16xf32> loc("forward/map.attn.out")
      %997 = stablehlo.exponential %981 : tensor<8x16xf32> loc("forward/map.attn.out")
      %998 = stablehlo.multiply %996, %997 : tensor<8x16xf32> loc("forward/map.attn.out")
      %999 = stablehlo.negate %998 : tensor<8x16xf32> loc("forward/map.attn.out")
      %1000 = stablehlo.add %725, %999 : tensor<8x16xf32> loc("forward/map.attn.out")
      %1001 = stablehlo.constant dense<0.0> : tensor<8x16xf32> loc("forward/map.attn.out")
      %1002 = stablehlo.sign %977 : tensor<8x16xf32> loc("forward/map.attn.out")
      %1003 = stablehlo.compare LT, %977, %1001, FLOAT : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xi1> loc("forward/map.attn.out")
      %1004 = stablehlo.compare GT, %977, %1001, FLOAT : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xi1> loc("forward/map.attn.out")
      %1005 = stablehlo.or %1003, %1004 : tensor<8x16xi1> loc("forward/map.attn.out")
      %1006 = stablehlo.select %1005, %1002, %1001 : tensor<8x16xi1>, tensor<8x16xf32> loc("forward/map.attn.out")
      %1007 = stablehlo.multiply %1000, %1006 : tensor<8x16xf32> loc("forward/map.attn.out")
      %1008 = stablehlo.add %1007, %727 : tensor<8x16xf32> loc("forward/map.attn.out")
      %1009 = stablehlo.convert %1008 : (tensor<8x16xf32>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %1010 = stablehlo.convert %1009 : (tensor<8x16xbf16>) -> tensor<8x16xf32> loc("forward/map.attn.out")
      %1011 = stablehlo.reduce(%1010 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x16xf32>, tensor<f32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %1012 = stablehlo.reshape %1011 : (tensor<16xf32>) -> tensor<1x16xf32> loc("forward/map.attn.out")
      %1013 = stablehlo.convert %1012 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("forward/map.attn.out")
      %1014 = stablehlo.dot_general %1009, %728, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x16xbf16>, tensor<16x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %1015 = stablehlo.transpose %973, dims = [1, 0] : (tensor<8x16xbf16>) -> tensor<16x8xbf16> loc("forward/map.attn.out")
      %1016 = stablehlo.reshape %973 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.out")
      %1017 = stablehlo.reshape %1009 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.out")
      %1018 = stablehlo.dot_general %1016, %1017, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x4x16xbf16>, tensor<2x4x16xbf16>) -> tensor<2x16x16xf32> loc("forward/map.attn.out")
      %1019 = stablehlo.reshape %1014 : (tensor<8x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/map.attn.out")
      %1020 = stablehlo.reshape %1019 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/map.attn.out")
      %1021 = stablehlo.convert %1020 : (tensor<8x16xbf16>) -> tensor<8x16xf32> loc("forward/map.attn.out")
      %1022 = stablehlo.reduce(%1021 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x16xf32>, tensor<f32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %1023 = stablehlo.reshape %1022 : (tensor<16xf32>) -> tensor<1x16xf32> loc("forward/map.attn.out")
      %1024 = stablehlo.convert %1023 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("forward/map.attn.out")
      %1025 = sdy.sharding_constraint %1020 <@mesh, [{"replica", "data"}, {}]> : tensor<8x16xbf16> loc("forward/map.mlp.fc2")
      %1026 = stablehlo.reshape %940 : (tensor<8x32xbf16>) -> tensor<2x4x32xbf16> loc("forward/map.mlp.fc2")
      %1027 = stablehlo.reshape %1025 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.mlp.fc2")
      %1028 = stablehlo.dot_general %1026, %1027, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x4x32xbf16>, tensor<2x4x16xbf16>) -> tensor<2x32x16xf32> loc("forward/map.mlp.fc2")
      %1029 = sdy.sharding_constraint %1028 <@mesh, [{"replica"}, {"model"}, {}]> : tensor<2x32x16xf32> loc("forward/map.mlp.fc2")
      %1030 = stablehlo.reshape %1013 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/map.attn.out")
      %1031 = stablehlo.reshape %1024 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/map.attn.out")
      %1032 = sdy.sharding_constraint %1029 <@mesh, [{"replica"}, {"model", "data"}, {}]> : tensor<2x32x16xf32> loc("forward/map.mlp.fc2")
      %1033 = stablehlo.convert %1030 : (tensor<16xbf16>) -> tensor<16xf32> loc("forward/map.attn.out")
      %1034 = stablehlo.add %315, %1033 : tensor<16xf32> loc("forward/map.attn.out")
      %1035 = stablehlo.reduce(%1018 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1036 = stablehlo.reshape %1035 : (tensor<16x16xf32>) -> tensor<1x16x16xf32> loc("forward/map.attn.out")
      %1037 = stablehlo.reshape %1036 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1038 = stablehlo.convert %1037 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %1039 = stablehlo.convert %1038 : (tensor<16x16xbf16>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1040 = stablehlo.add %316, %1039 : tensor<16x16xf32> loc("forward/map.attn.out")
      %1041 = stablehlo.convert %1031 : (tensor<16xbf16>) -> tensor<16xf32> loc("forward/map.attn.out")
      %1042 = stablehlo.add %324, %1041 : tensor<16xf32> loc("forward/map.attn.out")
      %1043 = stablehlo.reduce(%1032 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x32x16xf32>, tensor<f32>) -> tensor<32x16xf32> loc("forward/map.mlp.fc2")
      %1044 = stablehlo.reshape %1043 : (tensor<32x16xf32>) -> tensor<1x32x16xf32> loc("forward/map.mlp.fc2")
      %1045 = stablehlo.reshape %1044 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("forward/map.mlp.fc2")
      %1046 = stablehlo.convert %1045 : (tensor<32x16xf32>) -> tensor<32x16xbf16> loc("forward/map.mlp.fc2")
      %1047 = stablehlo.convert %1046 : (tensor<32x16xbf16>) -> tensor<32x16xf32> loc("forward/map.mlp.fc2")
      %1048 = stablehlo.add %325, %1047 : tensor<32x16xf32> loc("forward/map.mlp.fc2")
      %1049 = stablehlo.add %301, %993 : tensor<1xf32> loc("forward/map.attn.out")
      %1073 = "sdy.manual_computation"(%1019, %699) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
      ^bb0(%1050: tensor<1x1x16xbf16>, %1051: tensor<16x16xbf16>):
        %1052 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x1x16xbf16> loc("forward/map.attn.out")
        %1053 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.out")
        %1054 = stablehlo.convert %1053 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.out")
        %1055 = stablehlo.constant dense<1> : tensor<i32> loc("forward/map.attn.out")
        %1056 = stablehlo.divide %1054, %1055 : tensor<i32> loc("forward/map.attn.out")
        %1057 = stablehlo.constant dense<0> : tensor<i32> loc("forward/map.attn.out")
        %1058 = stablehlo.add %1056, %1057 : tensor<i32> loc("forward/map.attn.out")
        %1059 = stablehlo.constant dense<2> : tensor<i32> loc("forward/map.attn.out")
        %1060 = stablehlo.remainder %1058, %1059 : tensor<i32> loc("forward/map.attn.out")
        %1061 = stablehlo.multiply %1060, %1055 : tensor<i32> loc("forward/map.attn.out")
        %1062 = stablehlo.dot_general %1050, %1051, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %1063 = stablehlo.dynamic_update_slice %1052, %1062, %1061, %1057, %1057 : (tensor<2x1x16xbf16>, tensor<1x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x16xbf16> loc("forward/map.attn.out")
        %1064 = "stablehlo.collective_permute"(%1050) <{channel_handle = #stablehlo.channel_handle<handle = 8, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %1065 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.out")
        %1066 = stablehlo.convert %1065 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.out")
        %1067 = stablehlo.divide %1066, %1055 : tensor<i32> loc("forward/map.attn.out")
        %1068 = stablehlo.add %1067, %1055 : tensor<i32> loc("forward/map.attn.out")
        %1069 = stablehlo.remainder %1068, %1059 : tensor<i32> loc("forward/map.attn.out")
        %1070 = stablehlo.multiply %1069, %1055 : tensor<i32> loc("forward/map.attn.out")
        %1071 = stablehlo.dot_general %1064, %1051, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.attn.out")
        %1072 = stablehlo.dynamic_update_slice %1063, %1071, %1070, %1057, %1057 : (tensor<2x1x16xbf16>, tensor<1x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x16xbf16> loc("forward/map.attn.out")
        sdy.return %1072 : tensor<2x1x16xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<32x16xbf16>) -> (tensor<8x1x32xbf16>) loc("forward/map.attn.out")
      %1074 = stablehlo.reshape %1073 : (tensor<8x1x32xbf16>) -> tensor<8x32xbf16> loc("forward/map.attn.out")
      %1075 = stablehlo.reshape %1074 : (tensor<8x32xbf16>) -> tensor<8x1x32xbf16> loc("forward/map.attn.out")
      %1076 = stablehlo.multiply %1075, %929 : tensor<8x1x32xbf16> loc("forward/map.attn.out")
      %1077 = stablehlo.multiply %1075, %938 : tensor<8x1x32xbf16> loc("forward/map.attn.out")
      %1078 = stablehlo.convert %946 : (tensor<8x1x32xbf16>) -> tensor<8x1x32xf32> loc("forward/hidden")
      %1079 = stablehlo.convert %1076 : (tensor<8x1x32xbf16>) -> tensor<8x1x32xf32> loc("forward/hidden")
      %1080 = stablehlo.constant dense<1.0> : tensor<8x1x32xf32> loc("forward/hidden")
      %1081 = stablehlo.subtract %1080, %1078 : tensor<8x1x32xf32> loc("forward/hidden")
      %1082 = stablehlo.multiply %1079, %1078 : tensor<8x1x32xf32> loc("forward/hidden")
      %1083 = stablehlo.multiply %1082, %1081 : tensor<8x1x32xf32> loc("forward/hidden")
      %1084 = stablehlo.convert %1083 : (tensor<8x1x32xf32>) -> tensor<8x1x32xbf16> loc("forward/hidden")
      %1085 = stablehlo.multiply %1084, %934 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1086 = stablehlo.add %1085, %1077 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1087 = stablehlo.multiply %1084, %929 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1088 = stablehlo.multiply %1087, %931 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1089 = stablehlo.multiply %1088, %929 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1090 = stablehlo.add %1089, %1086 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1091 = stablehlo.multiply %1088, %929 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1092 = stablehlo.add %1091, %1090 : tensor<8x1x32xbf16> loc("forward/hidden")
      %1093 = sdy.sharding_constraint %1092 <@mesh, [{"replica", "data"}, {}, {"model"}]> : tensor<8x1x32xbf16> loc("forward/hidden")
      %1094 = stablehlo.reshape %1093 : (tensor<8x1x32xbf16>) -> tensor<8x32xbf16> loc("forward/hidden")
      %1095 = stablehlo.convert %1094 : (tensor<8x32xbf16>) -> tensor<8x32xf32> loc("forward/hidden")
      %1096 = stablehlo.reduce(%1095 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x32xf32>, tensor<f32>) -> tensor<32xf32> loc("forward/hidden")
      %1097 = stablehlo.reshape %1096 : (tensor<32xf32>) -> tensor<1x32xf32> loc("forward/hidden")
      %1098 = stablehlo.convert %1097 : (tensor<1x32xf32>) -> tensor<1x32xbf16> loc("forward/hidden")
      %1099 = sdy.sharding_constraint %892 <@mesh, [{"replica", "data"}, {}]> : tensor<8x16xbf16> loc("forward/map.mlp.fc1")
      %1100 = stablehlo.reshape %1099 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.mlp.fc1")
      %1101 = stablehlo.reshape %1094 : (tensor<8x32xbf16>) -> tensor<2x4x32xbf16> loc("forward/map.mlp.fc1")
      %1102 = stablehlo.dot_general %1100, %1101, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x4x16xbf16>, tensor<2x4x32xbf16>) -> tensor<2x16x32xf32> loc("forward/map.mlp.fc1")
      %1103 = sdy.sharding_constraint %1102 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x32xf32> loc("forward/map.mlp.fc1")
      %1104 = stablehlo.reshape %1098 : (tensor<1x32xbf16>) -> tensor<32xbf16> loc("forward/hidden")
      %1105 = sdy.sharding_constraint %1103 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x32xf32> loc("forward/map.mlp.fc1")
      %1106 = stablehlo.convert %1104 : (tensor<32xbf16>) -> tensor<32xf32> loc("forward/hidden")
      %1107 = stablehlo.add %322, %1106 : tensor<32xf32> loc("forward/hidden")
      %1108 = stablehlo.reduce(%1105 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x32xf32>, tensor<f32>) -> tensor<16x32xf32> loc("forward/map.mlp.fc1")
      %1109 = stablehlo.reshape %1108 : (tensor<16x32xf32>) -> tensor<1x16x32xf32> loc("forward/map.mlp.fc1")
      %1110 = stablehlo.reshape %1109 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("forward/map.mlp.fc1")
      %1111 = stablehlo.convert %1110 : (tensor<16x32xf32>) -> tensor<16x32xbf16> loc("forward/map.mlp.fc1")
      %1112 = stablehlo.convert %1111 : (tensor<16x32xbf16>) -> tensor<16x32xf32> loc("forward/map.mlp.fc1")
      %1113 = stablehlo.add %323, %1112 : tensor<16x32xf32> loc("forward/map.mlp.fc1")
      %1137 = "sdy.manual_computation"(%1093, %697) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
      ^bb0(%1114: tensor<2x1x16xbf16>, %1115: tensor<16x16xbf16>):
        %1116 = stablehlo.partition_id : tensor<ui32> loc("forward/map.mlp.fc1")
        %1117 = stablehlo.convert %1116 : (tensor<ui32>) -> tensor<i32> loc("forward/map.mlp.fc1")
        %1118 = stablehlo.constant dense<1> : tensor<i32> loc("forward/map.mlp.fc1")
        %1119 = stablehlo.divide %1117, %1118 : tensor<i32> loc("forward/map.mlp.fc1")
        %1120 = stablehlo.add %1119, %1118 : tensor<i32> loc("forward/map.mlp.fc1")
        %1121 = stablehlo.constant dense<2> : tensor<i32> loc("forward/map.mlp.fc1")
        %1122 = stablehlo.remainder %1120, %1121 : tensor<i32> loc("forward/map.mlp.fc1")
        %1123 = stablehlo.multiply %1122, %1118 : tensor<i32> loc("forward/map.mlp.fc1")
        %1124 = stablehlo.constant dense<0> : tensor<i32> loc("forward/map.mlp.fc1")
        %1125 = stablehlo.dynamic_slice %1114, %1123, %1124, %1124, sizes = [1, 1, 16] : (tensor<2x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x16xbf16> loc("forward/map.mlp.fc1")
        %1126 = stablehlo.dot_general %1125, %1115, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %1127 = "stablehlo.collective_permute"(%1126) <{channel_handle = #stablehlo.channel_handle<handle = 9, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %1128 = stablehlo.partition_id : tensor<ui32> loc("forward/hidden")
        %1129 = stablehlo.convert %1128 : (tensor<ui32>) -> tensor<i32> loc("forward/hidden")
        %1130 = stablehlo.divide %1129, %1118 : tensor<i32> loc("forward/hidden")
        %1131 = stablehlo.add %1130, %1124 : tensor<i32> loc("forward/hidden")
        %1132 = stablehlo.remainder %1131, %1121 : tensor<i32> loc("forward/hidden")
        %1133 = stablehlo.multiply %1132, %1118 : tensor<i32> loc("forward/hidden")
        %1134 = stablehlo.dynamic_slice %1114, %1133, %1124, %1124, sizes = [1, 1, 16] : (tensor<2x1x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %1135 = stablehlo.dot_general %1134, %1115, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<16x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %1136 = stablehlo.add %1135, %1127 : tensor<1x1x16xbf16> loc("forward/hidden")
        sdy.return %1136 : tensor<1x1x16xbf16>
      }) : (tensor<8x1x32xbf16>, tensor<16x32xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/hidden")
      %1138 = stablehlo.convert %1137 : (tensor<8x1x16xbf16>) -> tensor<8x1x16xf32> loc("forward/hidden")
      %1139 = stablehlo.broadcast_in_dim %707, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x1x16xf32> loc("forward/hidden")
      %1140 = stablehlo.multiply %1138, %1139 : tensor<8x1x16xf32> loc("forward/hidden")
      %1141 = stablehlo.multiply %1138, %888 : tensor<8x1x16xf32> loc("forward/hidden")
      %1142 = stablehlo.reduce(%1141 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x1x16xf32>, tensor<f32>) -> tensor<1x16xf32> loc("forward/hidden")
      %1143 = stablehlo.reshape %1142 : (tensor<1x16xf32>) -> tensor<1x1x16xf32> loc("forward/hidden")
      %1144 = stablehlo.broadcast_in_dim %886, dims = [0, 1, 2] : (tensor<8x1x1xf32>) -> tensor<8x1x16xf32> loc("forward/hidden")
      %1145 = stablehlo.multiply %1140, %1144 : tensor<8x1x16xf32> loc("forward/hidden")
      %1146 = stablehlo.multiply %1140, %876 : tensor<8x1x16xf32> loc("forward/hidden")
      %1147 = stablehlo.reduce(%1146 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x1x16xf32>, tensor<f32>) -> tensor<8x1xf32> loc("forward/hidden")
      %1148 = stablehlo.reshape %1147 : (tensor<8x1xf32>) -> tensor<8x1x1xf32> loc("forward/hidden")
      %1149 = stablehlo.multiply %1148, %896 : tensor<8x1x1xf32> loc("forward/hidden")
      %1150 = stablehlo.multiply %1149, %900 : tensor<8x1x1xf32> loc("forward/hidden")
      %1151 = stablehlo.reduce(%1150 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x1x1xf32>, tensor<f32>) -> tensor<8x1xf32> loc("forward/hidden")
      %1152 = stablehlo.reshape %1151 : (tensor<8x1xf32>) -> tensor<8x1x1xf32> loc("forward/hidden")
      %1153 = stablehlo.broadcast_in_dim %1152, dims = [0, 1, 2] : (tensor<8x1x1xf32>) -> tensor<8x1x16xf32> loc("forward/hidden")
      %1154 = stablehlo.multiply %733, %1153 : tensor<8x1x16xf32> loc("forward/hidden")
      %1155 = stablehlo.multiply %1154, %876 : tensor<8x1x16xf32> loc("forward/hidden")
      %1156 = stablehlo.add %1155, %1145 : tensor<8x1x16xf32> loc("forward/hidden")
      %1157 = stablehlo.multiply %1154, %876 : tensor<8x1x16xf32> loc("forward/hidden")
      %1158 = stablehlo.add %1157, %1156 : tensor<8x1x16xf32> loc("forward/hidden")
      %1159 = stablehlo.convert %1158 : (tensor<8x1x16xf32>) -> tensor<8x1x16xbf16> loc("forward/hidden")
      %1160 = stablehlo.add %1159, %1019 : tensor<8x1x16xbf16> loc("forward/hidden")
      %1161 = stablehlo.reshape %1160 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/hidden")
      %1162 = stablehlo.convert %1161 : (tensor<8x16xbf16>) -> tensor<8x16xf32> loc("forward/hidden")
      %1163 = stablehlo.reduce(%1162 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x16xf32>, tensor<f32>) -> tensor<16xf32> loc("forward/hidden")
      %1164 = stablehlo.reshape %1163 : (tensor<16xf32>) -> tensor<1x16xf32> loc("forward/hidden")
      %1165 = stablehlo.convert %1164 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("forward/hidden")
      %1166 = sdy.sharding_constraint %1161 <@mesh, [{"replica", "data"}, {}]> : tensor<8x16xbf16> loc("forward/map.attn.out")
      %1167 = stablehlo.reshape %843 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.out")
      %1168 = stablehlo.reshape %1166 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.out")
      %1169 = stablehlo.dot_general %1167, %1168, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x4x16xbf16>, tensor<2x4x16xbf16>) -> tensor<2x16x16xf32> loc("forward/map.attn.out")
      %1170 = sdy.sharding_constraint %1169 <@mesh, [{"replica"}, {"model"}, {}]> : tensor<2x16x16xf32> loc("forward/map.attn.out")
      %1171 = stablehlo.reshape %1143 : (tensor<1x1x16xf32>) -> tensor<16xf32> loc("forward/hidden")
      %1172 = stablehlo.reshape %1165 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/hidden")
      %1173 = sdy.sharding_constraint %1170 <@mesh, [{"replica"}, {"model", "data"}, {}]> : tensor<2x16x16xf32> loc("forward/map.attn.out")
      %1174 = stablehlo.convert %1172 : (tensor<16xbf16>) -> tensor<16xf32> loc("forward/hidden")
      %1175 = stablehlo.add %318, %1174 : tensor<16xf32> loc("forward/hidden")
      %1176 = stablehlo.reduce(%1173 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1177 = stablehlo.reshape %1176 : (tensor<16x16xf32>) -> tensor<1x16x16xf32> loc("forward/map.attn.out")
      %1178 = stablehlo.reshape %1177 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1179 = stablehlo.convert %1178 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %1180 = stablehlo.convert %1179 : (tensor<16x16xbf16>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %1181 = stablehlo.add %319, %1180 : tensor<16x16xf32> loc("forward/map.attn.out")
      %1182 = stablehlo.add %326, %1171 : tensor<16xf32> loc("forward/hidden")
      %1206 = "sdy.manual_computation"(%1160, %695) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
      ^bb0(%1183: tensor<1x1x16xbf16>, %1184: tensor<8x16xbf16>):
        %1185 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x1x8xbf16> loc("forward/hidden")
        %1186 = stablehlo.partition_id : tensor<ui32> loc("forward/hidden")
        %1187 = stablehlo.convert %1186 : (tensor<ui32>) -> tensor<i32> loc("forward/hidden")
        %1188 = stablehlo.constant dense<1> : tensor<i32> loc("forward/hidden")
        %1189 = stablehlo.divide %1187, %1188 : tensor<i32> loc("forward/hidden")
        %1190 = stablehlo.constant dense<0> : tensor<i32> loc("forward/hidden")
        %1191 = stablehlo.add %1189, %1190 : tensor<i32> loc("forward/hidden")
        %1192 = stablehlo.constant dense<2> : tensor<i32> loc("forward/hidden")
        %1193 = stablehlo.remainder %1191, %1192 : tensor<i32> loc("forward/hidden")
        %1194 = stablehlo.multiply %1193, %1188 : tensor<i32> loc("forward/hidden")
        %1195 = stablehlo.dot_general %1183, %1184, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x1x8xbf16> loc("forward/hidden")
        %1196 = stablehlo.dynamic_update_slice %1185, %1195, %1194, %1190, %1190 : (tensor<2x1x8xbf16>, tensor<1x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x8xbf16> loc("forward/hidden")
        %1197 = "stablehlo.collective_permute"(%1183) <{channel_handle = #stablehlo.channel_handle<handle = 10, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/hidden")
        %1198 = stablehlo.partition_id : tensor<ui32> loc("forward/hidden")
        %1199 = stablehlo.convert %1198 : (tensor<ui32>) -> tensor<i32> loc("forward/hidden")
        %1200 = stablehlo.divide %1199, %1188 : tensor<i32> loc("forward/hidden")
        %1201 = stablehlo.add %1200, %1188 : tensor<i32> loc("forward/hidden")
        %1202 = stablehlo.remainder %1201, %1192 : tensor<i32> loc("forward/hidden")
        %1203 = stablehlo.multiply %1202, %1188 : tensor<i32> loc("forward/hidden")
        %1204 = stablehlo.dot_general %1197, %1184, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x16xbf16>, tensor<8x16xbf16>) -> tensor<1x1x8xbf16> loc("forward/hidden")
        %1205 = stablehlo.dynamic_update_slice %1196, %1204, %1203, %1190, %1190 : (tensor<2x1x8xbf16>, tensor<1x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x1x8xbf16> loc("forward/hidden")
        sdy.return %1205 : tensor<2x1x8xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/hidden")
      %1207 = stablehlo.reshape %1206 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/hidden")
      %1208 = stablehlo.reshape %1207 : (tensor<8x16xbf16>) -> tensor<8x1x16xbf16> loc("forward/hidden")
      %1209 = stablehlo.reshape %1208 : (tensor<8x1x16xbf16>) -> tensor<8x1x2x8xbf16> loc("forward/hidden")
      %1210 = stablehlo.transpose %1209, dims = [0, 2, 1, 3] : (tensor<8x1x2x8xbf16>) -> tensor<8x2x1x8xbf16> loc("forward/hidden")
      %1211 = stablehlo.dot_general %1210, %847, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x1x8xbf16>, tensor<8x2x8x4xbf16>) -> tensor<8x2x1x4xbf16> loc("forward/hidden")
      %1212 = stablehlo.dot_general %848, %1210, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x1xbf16>, tensor<8x2x1x8xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
      %1213 = stablehlo.convert %839 : (tensor<8x2x1x4xbf16>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %1214 = stablehlo.convert %1211 : (tensor<8x2x1x4xbf16>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %1215 = stablehlo.multiply %1213, %1214 : tensor<8x2x1x4xf32> loc("forward/scores")
      %1216 = stablehlo.reduce(%1215 init: %670) applies stablehlo.add across dimensions = [3] : (tensor<8x2x1x4xf32>, tensor<f32>) -> tensor<8x2x1xf32> loc("forward/scores")
      %1217 = stablehlo.reshape %1216 : (tensor<8x2x1xf32>) -> tensor<8x2x1x1xf32> loc("forward/scores")
      %1218 = stablehlo.broadcast_in_dim %1217, dims = [0, 1, 2, 3] : (tensor<8x2x1x1xf32>) -> tensor<8x2x1x4xf32> loc("forward/scores")
      %1219 = stablehlo.subtract %1214, %1218 : tensor<8x2x1x4xf32> loc("forward/scores")
      %1220 = stablehlo.multiply %1213, %1219 : tensor<8x2x1x4xf32> loc("forward/scores")
      %1221 = stablehlo.convert %1220 : (tensor<8x2x1x4xf32>) -> tensor<8x2x1x4xbf16> loc("forward/scores")
      %1222 = stablehlo.dot_general %1221, %849, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x1x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x1x8xbf16> loc("forward/scores")
      %1223 = stablehlo.dot_general %850, %1221, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x8x1xbf16>, tensor<8x2x1x4xbf16>) -> tensor<8x2x8x4xbf16> loc("forward/heads")
      %1224 = stablehlo.transpose %1223, dims = [0, 1, 3, 2] : (tensor<8x2x8x4xbf16>) -> tensor<8x2x4x8xbf16> loc("forward/heads")
      %1225 = stablehlo.transpose %1212, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
      %1226 = stablehlo.transpose %1224, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("forward/heads")
      %1227 = sdy.sharding_constraint %1225 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
      %1228 = sdy.sharding_constraint %1226 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("forward/heads")
      %1229 = stablehlo.reshape %1227 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("forward/heads")
      %1230 = stablehlo.reshape %1228 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("forward/heads")
      %1231 = stablehlo.reshape %1229 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/heads")
      %1232 = stablehlo.reshape %1230 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/heads")
      %1233 = sdy.sharding_constraint %705 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("forward/map.attn.value")
      %1234 = stablehlo.reshape %1233 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("forward/map.attn.value")
      %1235 = stablehlo.reshape %1231 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("forward/map.attn.value")
      %1236 = stablehlo.dot_general %1234, %1235, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("forward/map.attn.value")
      %1237 = sdy.sharding_constraint %704 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("forward/map.attn.key")
      %1238 = stablehlo.reshape %1237 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("forward/map.attn.key")
      %1239 = stablehlo.reshape %1232 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("forward/map.attn.key")
      %1240 = stablehlo.dot_general %1238, %1239, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("forward/map.attn.key")
      %1241 = stablehlo.multiply %1222, %821 : tensor<8x2x1x8xbf16> loc("forward/heads")
      %1242 = stablehlo.transpose %1241, dims = [0, 2, 1, 3] : (tensor<8x2x1x8xbf16>) -> tensor<8x1x2x8xbf16> loc("forward/heads")
      %1243 = sdy.sharding_constraint %1242 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x1x2x8xbf16> loc("forward/heads")
      %1244 = stablehlo.reshape %1243 : (tensor<8x1x2x8xbf16>) -> tensor<8x1x16xbf16> loc("forward/heads")
      %1245 = stablehlo.reshape %1244 : (tensor<8x1x16xbf16>) -> tensor<8x16xbf16> loc("forward/heads")
      %1246 = sdy.sharding_constraint %703 <@mesh, [{"replica", "data"}, {}]> : tensor<8x16xbf16> loc("forward/map.attn.query")
      %1247 = stablehlo.reshape %1246 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.query")
      %1248 = stablehlo.reshape %1245 : (tensor<8x16xbf16>) -> tensor<2x4x16xbf16> loc("forward/map.attn.query")
      %1249 = stablehlo.dot_general %1247, %1248, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x4x16xbf16>, tensor<2x4x16xbf16>) -> tensor<2x16x16xf32> loc("forward/map.attn.query")
      %1250 = sdy.sharding_constraint %1236 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.value")
      %1251 = sdy.sharding_constraint %1240 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.key")
      %1252 = sdy.sharding_constraint %1249 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.query")
      %1253 = sdy.sharding_constraint %1250 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.value")
      %1254 = sdy.sharding_constraint %1251 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.key")
      %1255 = sdy.sharding_constraint %1252 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("forward/map.attn.query")
      %1256 = stablehlo.reduce(%1254 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32> loc("forward/map.attn.key")
      %1257 = stablehlo.reshape %1256 : (tensor<16x16xf32>) -> tensor<1x16x16xf32> loc("forward/map.attn.key")
      %1258 = stablehlo.reshape %1257 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/map.attn.key")
      %1259 = stablehlo.convert %1258 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.key")
      %1260 = stablehlo.convert %1259 : (tensor<16x16xbf16>) -> tensor<16x16xf32> loc("forward/map.attn.key")
      %1261 = stablehlo.add %317, %1260 : tensor<16x16xf32> loc("forward/map.attn.key")
      %1262 = stablehlo.reduce(%1255 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32> loc("forward/map.attn.query")
      %1263 = stablehlo.reshape %1262 : (tensor<16x16xf32>) -> tensor<1x16x16xf32> loc("forward/map.attn.query")
      %1264 = stablehlo.reshape %1263 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/map.attn.query")
      %1265 = stablehlo.convert %1264 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.query")
      %1266 = stablehlo.convert %1265 : (tensor<16x16xbf16>) -> tensor<16x16xf32> loc("forward/map.attn.query")
      %1267 = stablehlo.add %320, %1266 : tensor<16x16xf32> loc("forward/map.attn.query")
      %1268 = stablehlo.reduce(%1253 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32> loc("forward/map.attn.value")
      %1269 = stablehlo.reshape %1268 : (tensor<16x16xf32>) -> tensor<1x16x16xf32> loc("forward/map.attn.value")
      %1270 = stablehlo.reshape %1269 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/map.attn.value")
      %1271 = stablehlo.convert %1270 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.value")
      %1272 = stablehlo.convert %1271 : (tensor<16x16xbf16>) -> tensor<16x16xf32> loc("forward/map.attn.value")
      %1273 = stablehlo.add %321, %1272 : tensor<16x16xf32> loc("forward/map.attn.value")
      %1317 = "sdy.manual_computation"(%1230, %691, %1229, %693) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
      ^bb0(%1274: tensor<2x4x8xbf16>, %1275: tensor<16x8xbf16>, %1276: tensor<2x4x8xbf16>, %1277: tensor<16x8xbf16>):
        %1278 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.value")
        %1279 = stablehlo.convert %1278 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.value")
        %1280 = stablehlo.constant dense<1> : tensor<i32> loc("forward/map.attn.value")
        %1281 = stablehlo.divide %1279, %1280 : tensor<i32> loc("forward/map.attn.value")
        %1282 = stablehlo.add %1281, %1280 : tensor<i32> loc("forward/map.attn.value")
        %1283 = stablehlo.constant dense<2> : tensor<i32> loc("forward/map.attn.value")
        %1284 = stablehlo.remainder %1282, %1283 : tensor<i32> loc("forward/map.attn.value")
        %1285 = stablehlo.multiply %1284, %1280 : tensor<i32> loc("forward/map.attn.value")
        %1286 = stablehlo.constant dense<0> : tensor<i32> loc("forward/map.attn.value")
        %1287 = stablehlo.dynamic_slice %1274, %1285, %1286, %1286, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/map.attn.value")
        %1288 = stablehlo.dot_general %1287, %1275, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("forward/heads")
        %1289 = stablehlo.partition_id : tensor<ui32> loc("forward/heads")
        %1290 = stablehlo.convert %1289 : (tensor<ui32>) -> tensor<i32> loc("forward/heads")
        %1291 = stablehlo.divide %1290, %1280 : tensor<i32> loc("forward/heads")
        %1292 = stablehlo.add %1291, %1280 : tensor<i32> loc("forward/heads")
        %1293 = stablehlo.remainder %1292, %1283 : tensor<i32> loc("forward/heads")
        %1294 = stablehlo.multiply %1293, %1280 : tensor<i32> loc("forward/heads")
        %1295 = stablehlo.dynamic_slice %1276, %1294, %1286, %1286, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/heads")
        %1296 = stablehlo.dot_general %1295, %1277, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("forward/heads")
        %1297 = stablehlo.add %1288, %1296 : tensor<1x4x16xbf16> loc("forward/heads")
        %1298 = "stablehlo.collective_permute"(%1297) <{channel_handle = #stablehlo.channel_handle<handle = 11, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("forward/heads")
        %1299 = stablehlo.partition_id : tensor<ui32> loc("forward/heads")
        %1300 = stablehlo.convert %1299 : (tensor<ui32>) -> tensor<i32> loc("forward/heads")
        %1301 = stablehlo.divide %1300, %1280 : tensor<i32> loc("forward/heads")
        %1302 = stablehlo.add %1301, %1286 : tensor<i32> loc("forward/heads")
        %1303 = stablehlo.remainder %1302, %1283 : tensor<i32> loc("forward/heads")
        %1304 = stablehlo.multiply %1303, %1280 : tensor<i32> loc("forward/heads")
        %1305 = stablehlo.dynamic_slice %1274, %1304, %1286, %1286, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/heads")
        %1306 = stablehlo.dot_general %1305, %1275, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("forward/heads")
        %1307 = stablehlo.partition_id : tensor<ui32> loc("forward/heads")
        %1308 = stablehlo.convert %1307 : (tensor<ui32>) -> tensor<i32> loc("forward/heads")
        %1309 = stablehlo.divide %1308, %1280 : tensor<i32> loc("forward/heads")
        %1310 = stablehlo.add %1309, %1286 : tensor<i32> loc("forward/heads")
        %1311 = stablehlo.remainder %1310, %1283 : tensor<i32> loc("forward/heads")
        %1312 = stablehlo.multiply %1311, %1280 : tensor<i32> loc("forward/heads")
        %1313 = stablehlo.dynamic_slice %1276, %1312, %1286, %1286, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("forward/heads")
        %1314 = stablehlo.dot_general %1313, %1277, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("forward/heads")
        %1315 = stablehlo.add %1306, %1314 : tensor<1x4x16xbf16> loc("forward/heads")
        %1316 = stablehlo.add %1315, %1298 : tensor<1x4x16xbf16> loc("forward/heads")
        sdy.return %1316 : tensor<1x4x16xbf16>
      }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<8x4x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x4x16xbf16>) loc("forward/heads")
      %1341 = "sdy.manual_computation"(%1244, %689) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
      ^bb0(%1318: tensor<2x1x8xbf16>, %1319: tensor<16x8xbf16>):
        %1320 = stablehlo.partition_id : tensor<ui32> loc("forward/map.attn.value")
        %1321 = stablehlo.convert %1320 : (tensor<ui32>) -> tensor<i32> loc("forward/map.attn.value")
        %1322 = stablehlo.constant dense<1> : tensor<i32> loc("forward/map.attn.value")
        %1323 = stablehlo.divide %1321, %1322 : tensor<i32> loc("forward/map.attn.value")
        %1324 = stablehlo.add %1323, %1322 : tensor<i32> loc("forward/map.attn.value")
        %1325 = stablehlo.constant dense<2> : tensor<i32> loc("forward/map.attn.value")
        %1326 = stablehlo.remainder %1324, %1325 : tensor<i32> loc("forward/map.attn.value")
        %1327 = stablehlo.multiply %1326, %1322 : tensor<i32> loc("forward/map.attn.value")
        %1328 = stablehlo.constant dense<0> : tensor<i32> loc("forward/map.attn.value")
        %1329 = stablehlo.dynamic_slice %1318, %1327, %1328, %1328, sizes = [1, 1, 8] : (tensor<2x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x8xbf16> loc("forward/map.attn.value")
        %1330 = stablehlo.dot_general %1329, %1319, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.probe")
        %1331 = "stablehlo.collective_permute"(%1330) <{channel_handle = #stablehlo.channel_handle<handle = 12, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x1x16xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.probe")
        %1332 = stablehlo.partition_id : tensor<ui32> loc("forward/map.probe")
        %1333 = stablehlo.convert %1332 : (tensor<ui32>) -> tensor<i32> loc("forward/map.probe")
        %1334 = stablehlo.divide %1333, %1322 : tensor<i32> loc("forward/map.probe")
        %1335 = stablehlo.add %1334, %1328 : tensor<i32> loc("forward/map.probe")
        %1336 = stablehlo.remainder %1335, %1325 : tensor<i32> loc("forward/map.probe")
        %1337 = stablehlo.multiply %1336, %1322 : tensor<i32> loc("forward/map.probe")
        %1338 = stablehlo.dynamic_slice %1318, %1337, %1328, %1328, sizes = [1, 1, 8] : (tensor<2x1x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x1x8xbf16> loc("forward/map.probe")
        %1339 = stablehlo.dot_general %1338, %1319, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x1x8xbf16>, tensor<16x8xbf16>) -> tensor<1x1x16xbf16> loc("forward/map.probe")
        %1340 = stablehlo.add %1339, %1331 : tensor<1x1x16xbf16> loc("forward/map.probe")
        sdy.return %1340 : tensor<1x1x16xbf16>
      }) : (tensor<8x1x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x1x16xbf16>) loc("forward/map.probe")
      %1342 = sdy.sharding_constraint %1317 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/entrance")
      %1343 = stablehlo.convert %1342 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("forward/entrance")
      %1344 = stablehlo.broadcast_in_dim %682, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x4x16xf32> loc("forward/entrance")
      %1345 = stablehlo.multiply %1343, %1344 : tensor<8x4x16xf32> loc("forward/entrance")
      %1346 = stablehlo.multiply %1343, %681 : tensor<8x4x16xf32> loc("forward/entrance")
      %1347 = stablehlo.reduce(%1346 init: %670) applies stablehlo.add across dimensions = [0, 1] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<16xf32> loc("forward/entrance")
      %1348 = stablehlo.reshape %1347 : (tensor<16xf32>) -> tensor<1x1x16xf32> loc("forward/entrance")
      %1349 = stablehlo.broadcast_in_dim %679, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("forward/entrance")
      %1350 = stablehlo.multiply %1345, %1349 : tensor<8x4x16xf32> loc("forward/entrance")
      %1351 = stablehlo.multiply %1345, %668 : tensor<8x4x16xf32> loc("forward/entrance")
      %1352 = stablehlo.reduce(%1351 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<8x4xf32> loc("forward/entrance")
      %1353 = stablehlo.reshape %1352 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("forward/entrance")
      %1354 = stablehlo.multiply %1353, %741 : tensor<8x4x1xf32> loc("forward/entrance")
      %1355 = stablehlo.multiply %1354, %745 : tensor<8x4x1xf32> loc("forward/entrance")
      %1356 = stablehlo.reduce(%1355 init: %670) applies stablehlo.add across dimensions = [2] : (tensor<8x4x1xf32>, tensor<f32>) -> tensor<8x4xf32> loc("forward/entrance")
      %1357 = stablehlo.reshape %1356 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("forward/entrance")
      %1358 = stablehlo.broadcast_in_dim %1357, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("forward/entrance")
      %1359 = stablehlo.multiply %748, %1358 : tensor<8x4x16xf32> loc("forward/entrance")
      %1360 = stablehlo.multiply %1359, %668 : tensor<8x4x16xf32> loc("forward/entrance")
      %1361 = stablehlo.add %1360, %1350 : tensor<8x4x16xf32> loc("forward/entrance")
      %1362 = stablehlo.multiply %1359, %668 : tensor<8x4x16xf32> loc("forward/entrance")
      %1363 = stablehlo.add %1362, %1361 : tensor<8x4x16xf32> loc("forward/entrance")
      %1364 = stablehlo.convert %1363 : (tensor<8x4x16xf32>) -> tensor<8x4x16xbf16> loc("forward/entrance")
      %1365 = stablehlo.constant dense<0.0> : tensor<2x16xf32> loc("forward/residual")
      %1366 = stablehlo.constant dense<0.0> : tensor<2x16x16xbf16> loc("forward/residual")
      %1367 = stablehlo.constant dense<0.0> : tensor<2x8xf32> loc("forward/residual")
      %1368 = stablehlo.constant dense<0.0> : tensor<2x16x32xbf16> loc("forward/residual")
      %1369 = stablehlo.constant dense<0.0> : tensor<2x32xbf16> loc("forward/residual")
      %1370 = stablehlo.constant dense<0.0> : tensor<2x32x16xbf16> loc("forward/residual")
      %1371 = stablehlo.constant dense<0.0> : tensor<2x16xbf16> loc("forward/residual")
      %1973:25 = "stablehlo.while"(%362, %1364, %1365, %1366, %1366, %1366, %1367, %1367, %1366, %1368, %1369, %1370, %1371, %667#2, %667#3, %667#4, %359, %353, %350, %354, %352, %349, %351, %356, %358) ({
      ^bb0(%1372: tensor<i32>, %1373: tensor<8x4x16xbf16>, %1374: tensor<2x16xf32>, %1375: tensor<2x16x16xbf16>, %1376: tensor<2x16x16xbf16>, %1377: tensor<2x16x16xbf16>, %1378: tensor<2x8xf32>, %1379: tensor<2x8xf32>, %1380: tensor<2x16x16xbf16>, %1381: tensor<2x16x32xbf16>, %1382: tensor<2x32xbf16>, %1383: tensor<2x32x16xbf16>, %1384: tensor<2x16xbf16>, %1385: tensor<2x8x4x16xbf16>, %1386: tensor<2x8x4x16xbf16>, %1387: tensor<2x8x4x32xbf16>, %1388: tensor<2x16xf32>, %1389: tensor<2x16x16xbf16>, %1390: tensor<2x16x16xbf16>, %1391: tensor<2x16x16xbf16>, %1392: tensor<2x8xf32>, %1393: tensor<2x8xf32>, %1394: tensor<2x16x16xbf16>, %1395: tensor<2x16x32xbf16>, %1396: tensor<2x32x16xbf16>):
        %1397 = stablehlo.constant dense<2> : tensor<i32> loc("forward/residual")
        %1398 = stablehlo.compare LT, %1372, %1397, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("forward/residual")
        stablehlo.return %1398 : tensor<i1>
      }, {
      ^bb0(%1399: tensor<i32>, %1400: tensor<8x4x16xbf16>, %1401: tensor<2x16xf32>, %1402: tensor<2x16x16xbf16>, %1403: tensor<2x16x16xbf16>, %1404: tensor<2x16x16xbf16>, %1405: tensor<2x8xf32>, %1406: tensor<2x8xf32>, %1407: tensor<2x16x16xbf16>, %1408: tensor<2x16x32xbf16>, %1409: tensor<2x32xbf16>, %1410: tensor<2x32x16xbf16>, %1411: tensor<2x16xbf16>, %1412: tensor<2x8x4x16xbf16>, %1413: tensor<2x8x4x16xbf16>, %1414: tensor<2x8x4x32xbf16>, %1415: tensor<2x16xf32>, %1416: tensor<2x16x16xbf16>, %1417: tensor<2x16x16xbf16>, %1418: tensor<2x16x16xbf16>, %1419: tensor<2x8xf32>, %1420: tensor<2x8xf32>, %1421: tensor<2x16x16xbf16>, %1422: tensor<2x16x32xbf16>, %1423: tensor<2x32x16xbf16>):
        %1424 = stablehlo.constant dense<1> : tensor<i32> loc("forward/residual")
        %1425 = stablehlo.subtract %1424, %1399 : tensor<i32> loc("forward/residual")
        %1426 = stablehlo.constant dense<0> : tensor<i32> loc("forward/residual")
        %1427 = stablehlo.dynamic_slice %1412, %1425, %1426, %1426, %1426, sizes = [1, 8, 4, 16] : (tensor<2x8x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x4x16xbf16> loc("forward/residual")
        %1428 = stablehlo.reshape %1427 : (tensor<1x8x4x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/residual")
        %1429 = stablehlo.dynamic_slice %1413, %1425, %1426, %1426, %1426, sizes = [1, 8, 4, 16] : (tensor<2x8x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x4x16xbf16> loc("forward/residual")
        %1430 = stablehlo.reshape %1429 : (tensor<1x8x4x16xbf16>) -> tensor<8x4x16xbf16> loc("forward/residual")
        %1431 = stablehlo.dynamic_slice %1414, %1425, %1426, %1426, %1426, sizes = [1, 8, 4, 32] : (tensor<2x8x4x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x8x4x32xbf16> loc("forward/residual")
        %1432 = stablehlo.reshape %1431 : (tensor<1x8x4x32xbf16>) -> tensor<8x4x32xbf16> loc("forward/residual")
        %1433 = stablehlo.dynamic_slice %1415, %1425, %1426, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("forward/residual")
        %1434 = stablehlo.reshape %1433 : (tensor<1x16xf32>) -> tensor<16xf32> loc("forward/residual")
        %1435 = stablehlo.dynamic_slice %1416, %1425, %1426, %1426, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %1436 = stablehlo.reshape %1435 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %1437 = stablehlo.dynamic_slice %1417, %1425, %1426, %1426, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %1438 = stablehlo.reshape %1437 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %1439 = stablehlo.dynamic_slice %1418, %1425, %1426, %1426, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %1440 = stablehlo.reshape %1439 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %1441 = stablehlo.dynamic_slice %1419, %1425, %1426, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %1442 = stablehlo.reshape %1441 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %1443 = stablehlo.dynamic_slice %1420, %1425, %1426, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %1444 = stablehlo.reshape %1443 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %1445 = stablehlo.dynamic_slice %1421, %1425, %1426, %1426, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %1446 = stablehlo.reshape %1445 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %1447 = stablehlo.dynamic_slice %1422, %1425, %1426, %1426, sizes = [1, 16, 32] : (tensor<2x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xbf16> loc("forward/residual")
        %1448 = stablehlo.reshape %1447 : (tensor<1x16x32xbf16>) -> tensor<16x32xbf16> loc("forward/residual")
        %1449 = stablehlo.dynamic_slice %1423, %1425, %1426, %1426, sizes = [1, 32, 16] : (tensor<2x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xbf16> loc("forward/residual")
        %1450 = stablehlo.reshape %1449 : (tensor<1x32x16xbf16>) -> tensor<32x16xbf16> loc("forward/residual")
        %1451 = sdy.sharding_constraint %1436 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.query")
        %1452 = sdy.sharding_constraint %1451 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.query")
        %1453 = sdy.sharding_constraint %1438 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.key")
        %1454 = sdy.sharding_constraint %1453 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.key")
        %1455 = sdy.sharding_constraint %1440 <@mesh, [{"data"}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.value")
        %1456 = sdy.sharding_constraint %1455 <@mesh, [{}, {"model"}]> : tensor<16x16xbf16> loc("recomputed/attn.value")
        %1457 = sdy.sharding_constraint %1446 <@mesh, [{"model", "data"}, {}]> : tensor<16x16xbf16> loc("recomputed/attn.out")
        %1458 = sdy.sharding_constraint %1457 <@mesh, [{"model"}, {}]> : tensor<16x16xbf16> loc("recomputed/attn.out")
        %1459 = sdy.sharding_constraint %1448 <@mesh, [{"data"}, {"model"}]> : tensor<16x32xbf16> loc("recomputed/mlp.fc1")
        %1460 = sdy.sharding_constraint %1459 <@mesh, [{}, {"model"}]> : tensor<16x32xbf16> loc("recomputed/mlp.fc1")
        %1461 = sdy.sharding_constraint %1450 <@mesh, [{"model", "data"}, {}]> : tensor<32x16xbf16> loc("recomputed/mlp.fc2")
        %1462 = sdy.sharding_constraint %1461 <@mesh, [{"model"}, {}]> : tensor<32x16xbf16> loc("recomputed/mlp.fc2")
        %1463 = stablehlo.convert %1428 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("recomputed/norm")
        %1464 = stablehlo.multiply %1463, %1463 : tensor<8x4x16xf32> loc("recomputed/norm")
        %1465 = stablehlo.constant dense<0.0> : tensor<f32> loc("recomputed/norm")
        %1466 = stablehlo.reduce(%1464 init: %1465) applies stablehlo.add across dimensions = [2] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<8x4xf32> loc("recomputed/norm")
        %1467 = stablehlo.reshape %1466 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("recomputed/norm")
        %1468 = stablehlo.constant dense<16.0> : tensor<8x4x1xf32> loc("recomputed/norm")
        %1469 = stablehlo.divide %1467, %1468 : tensor<8x4x1xf32> loc("recomputed/norm")
        %1470 = stablehlo.constant dense<1.0e-6> : tensor<8x4x1xf32> loc("recomputed/norm")
        %1471 = stablehlo.add %1469, %1470 : tensor<8x4x1xf32> loc("recomputed/norm")
        %1472 = stablehlo.sqrt %1471 : tensor<8x4x1xf32> loc("recomputed/norm")
        %1473 = stablehlo.constant dense<1.0> : tensor<8x4x1xf32> loc("recomputed/norm")
        %1474 = stablehlo.divide %1473, %1472 : tensor<8x4x1xf32> loc("recomputed/norm")
        %1475 = stablehlo.broadcast_in_dim %1474, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("recomputed/norm")
        %1476 = stablehlo.multiply %1463, %1475 : tensor<8x4x16xf32> loc("recomputed/norm")
        %1477 = stablehlo.reshape %1434 : (tensor<16xf32>) -> tensor<1x1x16xf32>
        %1478 = stablehlo.broadcast_in_dim %1477, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x4x16xf32> loc("recomputed/entrance")
        %1479 = stablehlo.multiply %1476, %1478 : tensor<8x4x16xf32> loc("recomputed/entrance")
        %1480 = stablehlo.convert %1479 : (tensor<8x4x16xf32>) -> tensor<8x4x16xbf16> loc("recomputed/entrance")
        %1481 = sdy.sharding_constraint %1480 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("recomputed/entrance")
        %1482 = stablehlo.optimization_barrier %1481 : tensor<8x4x16xbf16> loc("recomputed/entrance")
        %1483 = stablehlo.reshape %1482 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/entrance")
        %1484 = stablehlo.reshape %1482 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/entrance")
        %1485 = stablehlo.reshape %1482 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/entrance")
        %1486 = stablehlo.reshape %1430 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1487 = sdy.sharding_constraint %1486 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1488 = stablehlo.convert %1487 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1489 = stablehlo.multiply %1488, %1488 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1490 = stablehlo.reduce(%1489 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("recomputed/heads")
        %1491 = stablehlo.reshape %1490 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1492 = stablehlo.constant dense<8.0> : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1493 = stablehlo.divide %1491, %1492 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1494 = stablehlo.constant dense<1.0e-6> : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1495 = stablehlo.add %1493, %1494 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1496 = stablehlo.sqrt %1495 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1497 = stablehlo.constant dense<1.0> : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1498 = stablehlo.divide %1497, %1496 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1499 = stablehlo.broadcast_in_dim %1498, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1500 = stablehlo.multiply %1488, %1499 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1501 = stablehlo.reshape %1442 : (tensor<8xf32>) -> tensor<1x1x1x8xf32>
        %1502 = stablehlo.broadcast_in_dim %1501, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1503 = stablehlo.multiply %1500, %1502 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1504 = stablehlo.convert %1503 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1505 = stablehlo.transpose %1504, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("recomputed/heads")
        %1506 = stablehlo.reshape %1444 : (tensor<8xf32>) -> tensor<1x1x1x8xf32>
        %1507 = stablehlo.constant dense<0.353515625> : tensor<8x2x4x8xbf16> loc("recomputed/heads")
        %1508 = stablehlo.multiply %1505, %1507 : tensor<8x2x4x8xbf16> loc("recomputed/heads")
        %1509 = stablehlo.reshape %1482 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/entrance")
        %1510 = stablehlo.multiply %1432, %1432 : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1511 = stablehlo.constant dense<0.0712890625> : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1512 = stablehlo.multiply %1510, %1511 : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1513 = stablehlo.constant dense<1.59375> : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1514 = stablehlo.add %1512, %1513 : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1515 = stablehlo.multiply %1432, %1514 : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1516 = stablehlo.convert %1515 : (tensor<8x4x32xbf16>) -> tensor<8x4x32xf32> loc("recomputed/hidden")
        %1517 = stablehlo.logistic %1516 : tensor<8x4x32xf32> loc("recomputed/hidden")
        %1518 = stablehlo.convert %1517 : (tensor<8x4x32xf32>) -> tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1519 = stablehlo.multiply %1518, %1432 : tensor<8x4x32xbf16> loc("recomputed/hidden")
        %1520 = stablehlo.reshape %1519 : (tensor<8x4x32xbf16>) -> tensor<32x32xbf16> loc("recomputed/hidden")
        %1521 = sdy.sharding_constraint %1400 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("backward/residual")
        %1522 = stablehlo.reshape %1521 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/residual")
        %1523 = stablehlo.transpose %1458, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("backward/attn.out")
        %1524 = stablehlo.transpose %1508, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("backward/heads")
        %1525 = stablehlo.reshape %1521 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/residual")
        %1526 = stablehlo.convert %1525 : (tensor<32x16xbf16>) -> tensor<32x16xf32> loc("backward/residual")
        %1527 = stablehlo.reduce(%1526 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<32x16xf32>, tensor<f32>) -> tensor<16xf32> loc("backward/residual")
        %1528 = stablehlo.reshape %1527 : (tensor<16xf32>) -> tensor<1x16xf32> loc("backward/residual")
        %1529 = stablehlo.convert %1528 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("backward/residual")
        %1530 = stablehlo.transpose %1462, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/mlp.fc2")
        %1531 = stablehlo.transpose %1520, dims = [1, 0] : (tensor<32x32xbf16>) -> tensor<32x32xbf16> loc("backward/hidden")
        %1532 = sdy.sharding_constraint %1525 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/mlp.fc2")
        %1533 = stablehlo.reshape %1520 : (tensor<32x32xbf16>) -> tensor<2x16x32xbf16> loc("backward/mlp.fc2")
        %1534 = stablehlo.reshape %1532 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/mlp.fc2")
        %1535 = stablehlo.dot_general %1533, %1534, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x32xbf16>, tensor<2x16x16xbf16>) -> tensor<2x32x16xf32> loc("backward/mlp.fc2")
        %1536 = stablehlo.multiply %1496, %1496 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1537 = stablehlo.divide %1497, %1536 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1538 = stablehlo.negate %1537 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1539 = stablehlo.convert %1515 : (tensor<8x4x32xbf16>) -> tensor<8x4x32xf32> loc("backward/hidden")
        %1540 = stablehlo.logistic %1539 : tensor<8x4x32xf32> loc("backward/hidden")
        %1541 = stablehlo.convert %1540 : (tensor<8x4x32xf32>) -> tensor<8x4x32xbf16> loc("backward/hidden")
        %1542 = stablehlo.constant dense<-0.5> : tensor<8x4x2x1xf32> loc("backward/heads")
        %1543 = stablehlo.power %1495, %1542 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1544 = stablehlo.constant dense<2.0> : tensor<8x4x2x1xf32> loc("backward/heads")
        %1545 = stablehlo.divide %1543, %1544 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1546 = stablehlo.constant dense<1.0> : tensor<8x4x2x8xf32>
        %1547 = stablehlo.constant dense<0.125> : tensor<8x4x2x8xf32>
        %1548 = stablehlo.multiply %1546, %1547 : tensor<8x4x2x8xf32>
        %1549 = stablehlo.multiply %1546, %1547 : tensor<8x4x2x8xf32>
        %1550 = stablehlo.transpose %1460, dims = [1, 0] : (tensor<16x32xbf16>) -> tensor<32x16xbf16> loc("backward/mlp.fc1")
        %1551 = stablehlo.transpose %1509, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/entrance")
        %1552 = stablehlo.transpose %1456, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("backward/attn.value")
        %1553 = stablehlo.transpose %1485, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/entrance")
        %1554 = stablehlo.transpose %1454, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("backward/attn.key")
        %1555 = stablehlo.transpose %1484, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/entrance")
        %1556 = stablehlo.transpose %1452, dims = [1, 0] : (tensor<16x16xbf16>) -> tensor<16x16xbf16> loc("backward/attn.query")
        %1557 = stablehlo.transpose %1483, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/entrance")
        %1558 = stablehlo.multiply %1472, %1472 : tensor<8x4x1xf32> loc("backward/norm")
        %1559 = stablehlo.divide %1473, %1558 : tensor<8x4x1xf32> loc("backward/norm")
        %1560 = stablehlo.negate %1559 : tensor<8x4x1xf32> loc("backward/norm")
        %1561 = stablehlo.constant dense<-0.5> : tensor<8x4x1xf32> loc("backward/norm")
        %1562 = stablehlo.power %1471, %1561 : tensor<8x4x1xf32> loc("backward/norm")
        %1563 = stablehlo.constant dense<2.0> : tensor<8x4x1xf32> loc("backward/norm")
        %1564 = stablehlo.divide %1562, %1563 : tensor<8x4x1xf32> loc("backward/norm")
        %1565 = stablehlo.constant dense<1.0> : tensor<8x4x16xf32>
        %1566 = stablehlo.constant dense<0.0625> : tensor<8x4x16xf32>
        %1567 = stablehlo.multiply %1565, %1566 : tensor<8x4x16xf32>
        %1568 = sdy.sharding_constraint %1535 <@mesh, [{"replica"}, {"model"}, {}]> : tensor<2x32x16xf32> loc("backward/mlp.fc2")
        %1569 = stablehlo.reshape %1529 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("backward/residual")
        %1570 = sdy.sharding_constraint %1568 <@mesh, [{"replica"}, {"model", "data"}, {}]> : tensor<2x32x16xf32> loc("backward/mlp.fc2")
        %1600:2 = "sdy.manual_computation"(%1482, %1454, %1456) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
        ^bb0(%1571: tensor<1x4x16xbf16>, %1572: tensor<16x8xbf16>, %1573: tensor<16x8xbf16>):
          %1574 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16> loc("backward/mlp.fc2")
          %1575 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16> loc("backward/mlp.fc2")
          %1576 = stablehlo.partition_id : tensor<ui32> loc("backward/mlp.fc2")
          %1577 = stablehlo.convert %1576 : (tensor<ui32>) -> tensor<i32> loc("backward/mlp.fc2")
          %1578 = stablehlo.constant dense<1> : tensor<i32> loc("backward/mlp.fc2")
          %1579 = stablehlo.divide %1577, %1578 : tensor<i32> loc("backward/mlp.fc2")
          %1580 = stablehlo.constant dense<0> : tensor<i32> loc("backward/mlp.fc2")
          %1581 = stablehlo.add %1579, %1580 : tensor<i32> loc("backward/mlp.fc2")
          %1582 = stablehlo.constant dense<2> : tensor<i32> loc("backward/mlp.fc2")
          %1583 = stablehlo.remainder %1581, %1582 : tensor<i32> loc("backward/mlp.fc2")
          %1584 = stablehlo.multiply %1583, %1578 : tensor<i32> loc("backward/mlp.fc2")
          %1585 = stablehlo.dot_general %1571, %1572, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("recomputed/attn.key")
          %1586 = stablehlo.dynamic_update_slice %1574, %1585, %1584, %1580, %1580 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("recomputed/attn.key")
          %1587 = stablehlo.dot_general %1571, %1573, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("recomputed/attn.value")
          %1588 = stablehlo.dynamic_update_slice %1575, %1587, %1584, %1580, %1580 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("recomputed/attn.value")
          %1589 = "stablehlo.collective_permute"(%1571) <{channel_handle = #stablehlo.channel_handle<handle = 13, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("recomputed/attn.value")
          %1590 = stablehlo.partition_id : tensor<ui32> loc("recomputed/attn.value")
          %1591 = stablehlo.convert %1590 : (tensor<ui32>) -> tensor<i32> loc("recomputed/attn.value")
          %1592 = stablehlo.divide %1591, %1578 : tensor<i32> loc("recomputed/attn.value")
          %1593 = stablehlo.add %1592, %1578 : tensor<i32> loc("recomputed/attn.value")
          %1594 = stablehlo.remainder %1593, %1582 : tensor<i32> loc("recomputed/attn.value")
          %1595 = stablehlo.multiply %1594, %1578 : tensor<i32> loc("recomputed/attn.value")
          %1596 = stablehlo.dot_general %1589, %1572, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("recomputed/attn.key")
          %1597 = stablehlo.dynamic_update_slice %1586, %1596, %1595, %1580, %1580 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("recomputed/attn.key")
          %1598 = stablehlo.dot_general %1589, %1573, contracting_dims = [2] x [0], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x8xbf16>) -> tensor<1x4x8xbf16> loc("recomputed/attn.value")
          %1599 = stablehlo.dynamic_update_slice %1588, %1598, %1595, %1580, %1580 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("recomputed/attn.value")
          sdy.return %1597, %1599 : tensor<2x4x8xbf16>, tensor<2x4x8xbf16>
        }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>) -> (tensor<8x4x16xbf16>, tensor<8x4x16xbf16>) loc("recomputed/attn.value")
        %1601 = stablehlo.reshape %1600#0 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/attn.value")
        %1602 = stablehlo.reshape %1600#1 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/attn.value")
        %1632:2 = "sdy.manual_computation"(%1521, %1458, %1462) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>, <@mesh, [{"model"}, {}]>, <@mesh, [{"model"}, {}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>]>}> ({
        ^bb0(%1603: tensor<1x4x16xbf16>, %1604: tensor<8x16xbf16>, %1605: tensor<16x16xbf16>):
          %1606 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x8xbf16> loc("backward/mlp.fc2")
          %1607 = stablehlo.custom_call @AllocateBuffer() : () -> tensor<2x4x16xbf16> loc("backward/mlp.fc2")
          %1608 = stablehlo.partition_id : tensor<ui32> loc("backward/mlp.fc2")
          %1609 = stablehlo.convert %1608 : (tensor<ui32>) -> tensor<i32> loc("backward/mlp.fc2")
          %1610 = stablehlo.constant dense<1> : tensor<i32> loc("backward/mlp.fc2")
          %1611 = stablehlo.divide %1609, %1610 : tensor<i32> loc("backward/mlp.fc2")
          %1612 = stablehlo.constant dense<0> : tensor<i32> loc("backward/mlp.fc2")
          %1613 = stablehlo.add %1611, %1612 : tensor<i32> loc("backward/mlp.fc2")
          %1614 = stablehlo.constant dense<2> : tensor<i32> loc("backward/mlp.fc2")
          %1615 = stablehlo.remainder %1613, %1614 : tensor<i32> loc("backward/mlp.fc2")
          %1616 = stablehlo.multiply %1615, %1610 : tensor<i32> loc("backward/mlp.fc2")
          %1617 = stablehlo.dot_general %1603, %1604, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<8x16xbf16>) -> tensor<1x4x8xbf16> loc("backward/residual")
          %1618 = stablehlo.dynamic_update_slice %1606, %1617, %1616, %1612, %1612 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("backward/residual")
          %1619 = stablehlo.dot_general %1603, %1605, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/residual")
          %1620 = stablehlo.dynamic_update_slice %1607, %1619, %1616, %1612, %1612 : (tensor<2x4x16xbf16>, tensor<1x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x16xbf16> loc("backward/residual")
          %1621 = "stablehlo.collective_permute"(%1603) <{channel_handle = #stablehlo.channel_handle<handle = 14, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/residual")
          %1622 = stablehlo.partition_id : tensor<ui32> loc("backward/residual")
          %1623 = stablehlo.convert %1622 : (tensor<ui32>) -> tensor<i32> loc("backward/residual")
          %1624 = stablehlo.divide %1623, %1610 : tensor<i32> loc("backward/residual")
          %1625 = stablehlo.add %1624, %1610 : tensor<i32> loc("backward/residual")
          %1626 = stablehlo.remainder %1625, %1614 : tensor<i32> loc("backward/residual")
          %1627 = stablehlo.multiply %1626, %1610 : tensor<i32> loc("backward/residual")
          %1628 = stablehlo.dot_general %1621, %1604, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<8x16xbf16>) -> tensor<1x4x8xbf16> loc("backward/residual")
          %1629 = stablehlo.dynamic_update_slice %1618, %1628, %1627, %1612, %1612 : (tensor<2x4x8xbf16>, tensor<1x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x8xbf16> loc("backward/residual")
          %1630 = stablehlo.dot_general %1621, %1605, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/residual")
          %1631 = stablehlo.dynamic_update_slice %1620, %1630, %1627, %1612, %1612 : (tensor<2x4x16xbf16>, tensor<1x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x4x16xbf16> loc("backward/residual")
          sdy.return %1629, %1631 : tensor<2x4x8xbf16>, tensor<2x4x16xbf16>
        }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<32x16xbf16>) -> (tensor<8x4x16xbf16>, tensor<8x4x32xbf16>) loc("backward/residual")
        %1633 = stablehlo.reshape %1632#0 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/residual")
        %1634 = stablehlo.reshape %1632#1 : (tensor<8x4x32xbf16>) -> tensor<32x32xbf16> loc("backward/residual")
        %1635 = stablehlo.reshape %1601 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("recomputed/key")
        %1636 = stablehlo.reshape %1602 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("recomputed/value")
        %1637 = stablehlo.reshape %1636 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1638 = sdy.sharding_constraint %1637 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1639 = stablehlo.transpose %1638, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("recomputed/heads")
        %1640 = stablehlo.reshape %1635 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1641 = sdy.sharding_constraint %1640 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1642 = stablehlo.convert %1641 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1643 = stablehlo.multiply %1642, %1642 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1644 = stablehlo.reduce(%1643 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("recomputed/heads")
        %1645 = stablehlo.reshape %1644 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1646 = stablehlo.divide %1645, %1492 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1647 = stablehlo.add %1646, %1494 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1648 = stablehlo.sqrt %1647 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1649 = stablehlo.divide %1497, %1648 : tensor<8x4x2x1xf32> loc("recomputed/heads")
        %1650 = stablehlo.broadcast_in_dim %1649, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1651 = stablehlo.multiply %1642, %1650 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1652 = stablehlo.broadcast_in_dim %1506, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1653 = stablehlo.multiply %1651, %1652 : tensor<8x4x2x8xf32> loc("recomputed/heads")
        %1654 = stablehlo.convert %1653 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("recomputed/heads")
        %1655 = stablehlo.transpose %1654, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("recomputed/heads")
        %1656 = stablehlo.transpose %1655, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("recomputed/heads")
        %1657 = stablehlo.dot_general %1508, %1656, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x8xbf16>, tensor<8x2x8x4xbf16>) -> tensor<8x2x4x4xbf16> loc("recomputed/scores")
        %1658 = stablehlo.convert %1657 : (tensor<8x2x4x4xbf16>) -> tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1659 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("recomputed/scores")
        %1660 = stablehlo.reduce(%1658 init: %1659) applies stablehlo.maximum across dimensions = [3] : (tensor<8x2x4x4xf32>, tensor<f32>) -> tensor<8x2x4xf32> loc("recomputed/scores")
        %1661 = stablehlo.reshape %1660 : (tensor<8x2x4xf32>) -> tensor<8x2x4x1xf32> loc("recomputed/scores")
        %1662 = stablehlo.optimization_barrier %1661 : tensor<8x2x4x1xf32> loc("recomputed/scores")
        %1663 = stablehlo.broadcast_in_dim %1662, dims = [0, 1, 2, 3] : (tensor<8x2x4x1xf32>) -> tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1664 = stablehlo.subtract %1658, %1663 : tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1665 = stablehlo.exponential %1664 : tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1666 = stablehlo.reduce(%1665 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x2x4x4xf32>, tensor<f32>) -> tensor<8x2x4xf32> loc("recomputed/scores")
        %1667 = stablehlo.reshape %1666 : (tensor<8x2x4xf32>) -> tensor<8x2x4x1xf32> loc("recomputed/scores")
        %1668 = stablehlo.constant dense<1.0> : tensor<8x2x4x1xf32> loc("recomputed/scores")
        %1669 = stablehlo.divide %1668, %1667 : tensor<8x2x4x1xf32> loc("recomputed/scores")
        %1670 = stablehlo.broadcast_in_dim %1669, dims = [0, 1, 2, 3] : (tensor<8x2x4x1xf32>) -> tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1671 = stablehlo.multiply %1665, %1670 : tensor<8x2x4x4xf32> loc("recomputed/scores")
        %1672 = stablehlo.convert %1671 : (tensor<8x2x4x4xf32>) -> tensor<8x2x4x4xbf16> loc("recomputed/scores")
        %1673 = stablehlo.dot_general %1672, %1639, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x4x8xbf16> loc("recomputed/attended")
        %1674 = stablehlo.transpose %1673, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("recomputed/attended")
        %1675 = stablehlo.reshape %1674 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("recomputed/attended")
        %1676 = stablehlo.reshape %1675 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("recomputed/attended")
        %1677 = stablehlo.transpose %1676, dims = [1, 0] : (tensor<32x16xbf16>) -> tensor<16x32xbf16> loc("backward/attended")
        %1678 = sdy.sharding_constraint %1522 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/attn.out")
        %1679 = stablehlo.reshape %1676 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.out")
        %1680 = stablehlo.reshape %1678 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.out")
        %1681 = stablehlo.dot_general %1679, %1680, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("backward/attn.out")
        %1682 = stablehlo.reshape %1633 : (tensor<32x16xbf16>) -> tensor<8x4x16xbf16> loc("backward/residual")
        %1683 = stablehlo.reshape %1682 : (tensor<8x4x16xbf16>) -> tensor<8x4x2x8xbf16> loc("backward/residual")
        %1684 = stablehlo.transpose %1683, dims = [0, 2, 1, 3] : (tensor<8x4x2x8xbf16>) -> tensor<8x2x4x8xbf16> loc("backward/residual")
        %1685 = stablehlo.transpose %1639, dims = [0, 1, 3, 2] : (tensor<8x2x4x8xbf16>) -> tensor<8x2x8x4xbf16> loc("backward/heads")
        %1686 = stablehlo.dot_general %1684, %1685, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x8xbf16>, tensor<8x2x8x4xbf16>) -> tensor<8x2x4x4xbf16> loc("backward/residual")
        %1687 = stablehlo.transpose %1672, dims = [0, 1, 3, 2] : (tensor<8x2x4x4xbf16>) -> tensor<8x2x4x4xbf16> loc("backward/scores")
        %1688 = stablehlo.dot_general %1687, %1684, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x4x8xbf16> loc("backward/heads")
        %1689 = stablehlo.convert %1672 : (tensor<8x2x4x4xbf16>) -> tensor<8x2x4x4xf32> loc("backward/scores")
        %1690 = stablehlo.convert %1686 : (tensor<8x2x4x4xbf16>) -> tensor<8x2x4x4xf32> loc("backward/scores")
        %1691 = stablehlo.multiply %1689, %1690 : tensor<8x2x4x4xf32> loc("backward/scores")
        %1692 = stablehlo.reduce(%1691 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x2x4x4xf32>, tensor<f32>) -> tensor<8x2x4xf32> loc("backward/scores")
        %1693 = stablehlo.reshape %1692 : (tensor<8x2x4xf32>) -> tensor<8x2x4x1xf32> loc("backward/scores")
        %1694 = stablehlo.broadcast_in_dim %1693, dims = [0, 1, 2, 3] : (tensor<8x2x4x1xf32>) -> tensor<8x2x4x4xf32> loc("backward/scores")
        %1695 = stablehlo.subtract %1690, %1694 : tensor<8x2x4x4xf32> loc("backward/scores")
        %1696 = stablehlo.multiply %1689, %1695 : tensor<8x2x4x4xf32> loc("backward/scores")
        %1697 = stablehlo.convert %1696 : (tensor<8x2x4x4xf32>) -> tensor<8x2x4x4xbf16> loc("backward/scores")
        %1698 = stablehlo.transpose %1656, dims = [0, 1, 3, 2] : (tensor<8x2x8x4xbf16>) -> tensor<8x2x4x8xbf16> loc("backward/heads")
        %1699 = stablehlo.dot_general %1697, %1698, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x4x4xbf16>, tensor<8x2x4x8xbf16>) -> tensor<8x2x4x8xbf16> loc("backward/scores")
        %1700 = stablehlo.dot_general %1524, %1697, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [DEFAULT, DEFAULT] : (tensor<8x2x8x4xbf16>, tensor<8x2x4x4xbf16>) -> tensor<8x2x8x4xbf16> loc("backward/heads")
        %1701 = stablehlo.transpose %1700, dims = [0, 1, 3, 2] : (tensor<8x2x8x4xbf16>) -> tensor<8x2x4x8xbf16> loc("backward/heads")
        %1702 = stablehlo.multiply %1699, %1507 : tensor<8x2x4x8xbf16> loc("backward/scores")
        %1703 = stablehlo.transpose %1701, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("backward/heads")
        %1704 = stablehlo.transpose %1702, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("backward/scores")
        %1705 = stablehlo.convert %1703 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("backward/heads")
        %1706 = stablehlo.convert %1704 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x2x8xf32> loc("backward/scores")
        %1707 = stablehlo.broadcast_in_dim %1506, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("backward/heads")
        %1708 = stablehlo.multiply %1705, %1707 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1709 = stablehlo.multiply %1705, %1651 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1710 = stablehlo.reduce(%1709 init: %1465) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8xf32> loc("backward/heads")
        %1711 = stablehlo.reshape %1710 : (tensor<8xf32>) -> tensor<1x1x1x8xf32> loc("backward/heads")
        %1712 = stablehlo.broadcast_in_dim %1501, dims = [0, 1, 2, 3] : (tensor<1x1x1x8xf32>) -> tensor<8x4x2x8xf32> loc("backward/scores")
        %1713 = stablehlo.multiply %1706, %1712 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1714 = stablehlo.multiply %1706, %1500 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1715 = stablehlo.reduce(%1714 init: %1465) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8xf32> loc("backward/scores")
        %1716 = stablehlo.reshape %1715 : (tensor<8xf32>) -> tensor<1x1x1x8xf32> loc("backward/scores")
        %1717 = stablehlo.reshape %1634 : (tensor<32x32xbf16>) -> tensor<8x4x32xbf16> loc("backward/residual")
        %1718 = stablehlo.broadcast_in_dim %1649, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("backward/heads")
        %1719 = stablehlo.multiply %1708, %1718 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1720 = stablehlo.multiply %1708, %1642 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1721 = stablehlo.reduce(%1720 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("backward/heads")
        %1722 = stablehlo.reshape %1721 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("backward/heads")
        %1723 = stablehlo.broadcast_in_dim %1498, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("backward/scores")
        %1724 = stablehlo.multiply %1713, %1723 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1725 = stablehlo.multiply %1713, %1488 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1726 = stablehlo.reduce(%1725 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x8xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("backward/scores")
        %1727 = stablehlo.reshape %1726 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("backward/scores")
        %1728 = stablehlo.multiply %1717, %1432 : tensor<8x4x32xbf16> loc("backward/residual")
        %1729 = stablehlo.multiply %1717, %1518 : tensor<8x4x32xbf16> loc("backward/residual")
        %1730 = stablehlo.multiply %1648, %1648 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1731 = stablehlo.divide %1497, %1730 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1732 = stablehlo.negate %1731 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1733 = stablehlo.multiply %1722, %1732 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1734 = stablehlo.multiply %1727, %1538 : tensor<8x4x2x1xf32> loc("backward/scores")
        %1735 = stablehlo.convert %1541 : (tensor<8x4x32xbf16>) -> tensor<8x4x32xf32> loc("backward/hidden")
        %1736 = stablehlo.convert %1728 : (tensor<8x4x32xbf16>) -> tensor<8x4x32xf32> loc("backward/hidden")
        %1737 = stablehlo.constant dense<1.0> : tensor<8x4x32xf32> loc("backward/hidden")
        %1738 = stablehlo.subtract %1737, %1735 : tensor<8x4x32xf32> loc("backward/hidden")
        %1739 = stablehlo.multiply %1736, %1735 : tensor<8x4x32xf32> loc("backward/hidden")
        %1740 = stablehlo.multiply %1739, %1738 : tensor<8x4x32xf32> loc("backward/hidden")
        %1741 = stablehlo.convert %1740 : (tensor<8x4x32xf32>) -> tensor<8x4x32xbf16> loc("backward/hidden")
        %1742 = stablehlo.power %1647, %1542 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1743 = stablehlo.divide %1742, %1544 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1744 = stablehlo.multiply %1733, %1743 : tensor<8x4x2x1xf32> loc("backward/heads")
        %1745 = stablehlo.multiply %1734, %1545 : tensor<8x4x2x1xf32> loc("backward/scores")
        %1746 = stablehlo.multiply %1741, %1514 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1747 = stablehlo.add %1746, %1729 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1748 = stablehlo.multiply %1741, %1432 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1749 = stablehlo.reduce(%1744 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x1xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("backward/heads")
        %1750 = stablehlo.reshape %1749 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("backward/heads")
        %1751 = stablehlo.broadcast_in_dim %1750, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("backward/heads")
        %1752 = stablehlo.multiply %1548, %1751 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1753 = stablehlo.reduce(%1745 init: %1465) applies stablehlo.add across dimensions = [3] : (tensor<8x4x2x1xf32>, tensor<f32>) -> tensor<8x4x2xf32> loc("backward/scores")
        %1754 = stablehlo.reshape %1753 : (tensor<8x4x2xf32>) -> tensor<8x4x2x1xf32> loc("backward/scores")
        %1755 = stablehlo.broadcast_in_dim %1754, dims = [0, 1, 2, 3] : (tensor<8x4x2x1xf32>) -> tensor<8x4x2x8xf32> loc("backward/scores")
        %1756 = stablehlo.multiply %1549, %1755 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1757 = stablehlo.multiply %1748, %1511 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1758 = stablehlo.multiply %1752, %1642 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1759 = stablehlo.add %1758, %1719 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1760 = stablehlo.multiply %1752, %1642 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1761 = stablehlo.add %1760, %1759 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1762 = stablehlo.multiply %1756, %1488 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1763 = stablehlo.add %1762, %1724 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1764 = stablehlo.multiply %1756, %1488 : tensor<8x4x2x8xf32> loc("backward/scores")
        %1765 = stablehlo.add %1764, %1763 : tensor<8x4x2x8xf32> loc("backward/heads")
        %1766 = stablehlo.multiply %1757, %1432 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1767 = stablehlo.add %1766, %1747 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1768 = stablehlo.multiply %1757, %1432 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1769 = stablehlo.add %1768, %1767 : tensor<8x4x32xbf16> loc("backward/hidden")
        %1770 = stablehlo.transpose %1688, dims = [0, 2, 1, 3] : (tensor<8x2x4x8xbf16>) -> tensor<8x4x2x8xbf16> loc("backward/heads")
        %1771 = stablehlo.convert %1761 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("backward/heads")
        %1772 = stablehlo.convert %1765 : (tensor<8x4x2x8xf32>) -> tensor<8x4x2x8xbf16> loc("backward/heads")
        %1773 = sdy.sharding_constraint %1770 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("backward/heads")
        %1774 = sdy.sharding_constraint %1771 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("backward/heads")
        %1775 = sdy.sharding_constraint %1772 <@mesh, [{"replica", "data"}, {}, {"model"}, {}]> : tensor<8x4x2x8xbf16> loc("backward/heads")
        %1776 = sdy.sharding_constraint %1769 <@mesh, [{"replica", "data"}, {}, {"model"}]> : tensor<8x4x32xbf16> loc("backward/hidden")
        %1777 = stablehlo.reshape %1773 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("backward/heads")
        %1778 = stablehlo.reshape %1774 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("backward/heads")
        %1779 = stablehlo.reshape %1775 : (tensor<8x4x2x8xbf16>) -> tensor<8x4x16xbf16> loc("backward/heads")
        %1780 = stablehlo.reshape %1776 : (tensor<8x4x32xbf16>) -> tensor<32x32xbf16> loc("backward/hidden")
        %1781 = stablehlo.convert %1780 : (tensor<32x32xbf16>) -> tensor<32x32xf32> loc("backward/hidden")
        %1782 = stablehlo.reduce(%1781 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<32x32xf32>, tensor<f32>) -> tensor<32xf32> loc("backward/hidden")
        %1783 = stablehlo.reshape %1782 : (tensor<32xf32>) -> tensor<1x32xf32> loc("backward/hidden")
        %1784 = stablehlo.convert %1783 : (tensor<1x32xf32>) -> tensor<1x32xbf16> loc("backward/hidden")
        %1785 = stablehlo.reshape %1777 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/heads")
        %1786 = stablehlo.reshape %1778 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/heads")
        %1787 = stablehlo.reshape %1779 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("backward/heads")
        %1788 = sdy.sharding_constraint %1509 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/mlp.fc1")
        %1789 = stablehlo.reshape %1788 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/mlp.fc1")
        %1790 = stablehlo.reshape %1780 : (tensor<32x32xbf16>) -> tensor<2x16x32xbf16> loc("backward/mlp.fc1")
        %1791 = stablehlo.dot_general %1789, %1790, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x32xbf16>) -> tensor<2x16x32xf32> loc("backward/mlp.fc1")
        %1792 = sdy.sharding_constraint %1485 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/attn.value")
        %1793 = stablehlo.reshape %1792 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.value")
        %1794 = stablehlo.reshape %1785 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.value")
        %1795 = stablehlo.dot_general %1793, %1794, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("backward/attn.value")
        %1796 = sdy.sharding_constraint %1484 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/attn.key")
        %1797 = stablehlo.reshape %1796 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.key")
        %1798 = stablehlo.reshape %1786 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.key")
        %1799 = stablehlo.dot_general %1797, %1798, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("backward/attn.key")
        %1800 = sdy.sharding_constraint %1483 <@mesh, [{"replica", "data"}, {}]> : tensor<32x16xbf16> loc("backward/attn.query")
        %1801 = stablehlo.reshape %1800 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.query")
        %1802 = stablehlo.reshape %1787 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("backward/attn.query")
        %1803 = stablehlo.dot_general %1801, %1802, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x16xbf16>, tensor<2x16x16xbf16>) -> tensor<2x16x16xf32> loc("backward/attn.query")
        %1804 = sdy.sharding_constraint %1791 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x32xf32> loc("backward/mlp.fc1")
        %1805 = sdy.sharding_constraint %1681 <@mesh, [{"replica"}, {"model"}, {}]> : tensor<2x16x16xf32> loc("backward/attn.out")
        %1806 = sdy.sharding_constraint %1795 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.value")
        %1807 = sdy.sharding_constraint %1799 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.key")
        %1808 = sdy.sharding_constraint %1803 <@mesh, [{"replica"}, {}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.query")
        %1809 = stablehlo.reshape %1784 : (tensor<1x32xbf16>) -> tensor<32xbf16> loc("backward/hidden")
        %1810 = sdy.sharding_constraint %1804 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x32xf32> loc("backward/mlp.fc1")
        %1811 = sdy.sharding_constraint %1805 <@mesh, [{"replica"}, {"model", "data"}, {}]> : tensor<2x16x16xf32> loc("backward/attn.out")
        %1812 = sdy.sharding_constraint %1806 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.value")
        %1813 = stablehlo.reshape %1711 : (tensor<1x1x1x8xf32>) -> tensor<8xf32> loc("backward/heads")
        %1814 = sdy.sharding_constraint %1807 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.key")
        %1815 = stablehlo.reshape %1716 : (tensor<1x1x1x8xf32>) -> tensor<8xf32> loc("backward/scores")
        %1816 = sdy.sharding_constraint %1808 <@mesh, [{"replica"}, {"data"}, {"model"}]> : tensor<2x16x16xf32> loc("backward/attn.query")
        %1900 = "sdy.manual_computation"(%1779, %1452, %1778, %1454, %1777, %1456, %1776, %1460) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>, <@mesh, [{"replica", "data"}, {}, {"model"}]>, <@mesh, [{}, {"model"}]>]>, manual_axes = #sdy<manual_axes{"replica", "data", "model"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"replica", "data", "model"}, {}, {}]>]>}> ({
        ^bb0(%1817: tensor<2x4x8xbf16>, %1818: tensor<16x8xbf16>, %1819: tensor<2x4x8xbf16>, %1820: tensor<16x8xbf16>, %1821: tensor<2x4x8xbf16>, %1822: tensor<16x8xbf16>, %1823: tensor<2x4x16xbf16>, %1824: tensor<16x16xbf16>):
          %1825 = stablehlo.partition_id : tensor<ui32> loc("backward/attn.query")
          %1826 = stablehlo.convert %1825 : (tensor<ui32>) -> tensor<i32> loc("backward/attn.query")
          %1827 = stablehlo.constant dense<1> : tensor<i32> loc("backward/attn.query")
          %1828 = stablehlo.divide %1826, %1827 : tensor<i32> loc("backward/attn.query")
          %1829 = stablehlo.add %1828, %1827 : tensor<i32> loc("backward/attn.query")
          %1830 = stablehlo.constant dense<2> : tensor<i32> loc("backward/attn.query")
          %1831 = stablehlo.remainder %1829, %1830 : tensor<i32> loc("backward/attn.query")
          %1832 = stablehlo.multiply %1831, %1827 : tensor<i32> loc("backward/attn.query")
          %1833 = stablehlo.constant dense<0> : tensor<i32> loc("backward/attn.query")
          %1834 = stablehlo.dynamic_slice %1817, %1832, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/attn.query")
          %1835 = stablehlo.dot_general %1834, %1818, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1836 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1837 = stablehlo.convert %1836 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1838 = stablehlo.divide %1837, %1827 : tensor<i32> loc("backward/heads")
          %1839 = stablehlo.add %1838, %1827 : tensor<i32> loc("backward/heads")
          %1840 = stablehlo.remainder %1839, %1830 : tensor<i32> loc("backward/heads")
          %1841 = stablehlo.multiply %1840, %1827 : tensor<i32> loc("backward/heads")
          %1842 = stablehlo.dynamic_slice %1819, %1841, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/heads")
          %1843 = stablehlo.dot_general %1842, %1820, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1844 = stablehlo.add %1835, %1843 : tensor<1x4x16xbf16> loc("backward/heads")
          %1845 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1846 = stablehlo.convert %1845 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1847 = stablehlo.divide %1846, %1827 : tensor<i32> loc("backward/heads")
          %1848 = stablehlo.add %1847, %1827 : tensor<i32> loc("backward/heads")
          %1849 = stablehlo.remainder %1848, %1830 : tensor<i32> loc("backward/heads")
          %1850 = stablehlo.multiply %1849, %1827 : tensor<i32> loc("backward/heads")
          %1851 = stablehlo.dynamic_slice %1821, %1850, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/heads")
          %1852 = stablehlo.dot_general %1851, %1822, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1853 = stablehlo.add %1844, %1852 : tensor<1x4x16xbf16> loc("backward/heads")
          %1854 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1855 = stablehlo.convert %1854 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1856 = stablehlo.divide %1855, %1827 : tensor<i32> loc("backward/heads")
          %1857 = stablehlo.add %1856, %1827 : tensor<i32> loc("backward/heads")
          %1858 = stablehlo.remainder %1857, %1830 : tensor<i32> loc("backward/heads")
          %1859 = stablehlo.multiply %1858, %1827 : tensor<i32> loc("backward/heads")
          %1860 = stablehlo.dynamic_slice %1823, %1859, %1833, %1833, sizes = [1, 4, 16] : (tensor<2x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1861 = stablehlo.dot_general %1860, %1824, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/hidden")
          %1862 = stablehlo.add %1853, %1861 : tensor<1x4x16xbf16> loc("backward/hidden")
          %1863 = "stablehlo.collective_permute"(%1862) <{channel_handle = #stablehlo.channel_handle<handle = 15, type = 1>, source_target_pairs = dense<[[0, 1], [1, 0], [2, 3], [3, 2], [4, 5], [5, 4], [6, 7], [7, 6]]> : tensor<8x2xi64>}> : (tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/hidden")
          %1864 = stablehlo.partition_id : tensor<ui32> loc("backward/hidden")
          %1865 = stablehlo.convert %1864 : (tensor<ui32>) -> tensor<i32> loc("backward/hidden")
          %1866 = stablehlo.divide %1865, %1827 : tensor<i32> loc("backward/hidden")
          %1867 = stablehlo.add %1866, %1833 : tensor<i32> loc("backward/hidden")
          %1868 = stablehlo.remainder %1867, %1830 : tensor<i32> loc("backward/hidden")
          %1869 = stablehlo.multiply %1868, %1827 : tensor<i32> loc("backward/hidden")
          %1870 = stablehlo.dynamic_slice %1817, %1869, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/hidden")
          %1871 = stablehlo.dot_general %1870, %1818, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1872 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1873 = stablehlo.convert %1872 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1874 = stablehlo.divide %1873, %1827 : tensor<i32> loc("backward/heads")
          %1875 = stablehlo.add %1874, %1833 : tensor<i32> loc("backward/heads")
          %1876 = stablehlo.remainder %1875, %1830 : tensor<i32> loc("backward/heads")
          %1877 = stablehlo.multiply %1876, %1827 : tensor<i32> loc("backward/heads")
          %1878 = stablehlo.dynamic_slice %1819, %1877, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/heads")
          %1879 = stablehlo.dot_general %1878, %1820, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1880 = stablehlo.add %1871, %1879 : tensor<1x4x16xbf16> loc("backward/heads")
          %1881 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1882 = stablehlo.convert %1881 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1883 = stablehlo.divide %1882, %1827 : tensor<i32> loc("backward/heads")
          %1884 = stablehlo.add %1883, %1833 : tensor<i32> loc("backward/heads")
          %1885 = stablehlo.remainder %1884, %1830 : tensor<i32> loc("backward/heads")
          %1886 = stablehlo.multiply %1885, %1827 : tensor<i32> loc("backward/heads")
          %1887 = stablehlo.dynamic_slice %1821, %1886, %1833, %1833, sizes = [1, 4, 8] : (tensor<2x4x8xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x8xbf16> loc("backward/heads")
          %1888 = stablehlo.dot_general %1887, %1822, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x8xbf16>, tensor<16x8xbf16>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1889 = stablehlo.add %1880, %1888 : tensor<1x4x16xbf16> loc("backward/heads")
          %1890 = stablehlo.partition_id : tensor<ui32> loc("backward/heads")
          %1891 = stablehlo.convert %1890 : (tensor<ui32>) -> tensor<i32> loc("backward/heads")
          %1892 = stablehlo.divide %1891, %1827 : tensor<i32> loc("backward/heads")
          %1893 = stablehlo.add %1892, %1833 : tensor<i32> loc("backward/heads")
          %1894 = stablehlo.remainder %1893, %1830 : tensor<i32> loc("backward/heads")
          %1895 = stablehlo.multiply %1894, %1827 : tensor<i32> loc("backward/heads")
          %1896 = stablehlo.dynamic_slice %1823, %1895, %1833, %1833, sizes = [1, 4, 16] : (tensor<2x4x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x4x16xbf16> loc("backward/heads")
          %1897 = stablehlo.dot_general %1896, %1824, contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT] : (tensor<1x4x16xbf16>, tensor<16x16xbf16>) -> tensor<1x4x16xbf16> loc("backward/hidden")
          %1898 = stablehlo.add %1889, %1897 : tensor<1x4x16xbf16> loc("backward/hidden")
          %1899 = stablehlo.add %1898, %1863 : tensor<1x4x16xbf16> loc("backward/hidden")
          sdy.return %1899 : tensor<1x4x16xbf16>
        }) : (tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<8x4x16xbf16>, tensor<16x16xbf16>, tensor<8x4x32xbf16>, tensor<16x32xbf16>) -> (tensor<8x4x16xbf16>) loc("backward/hidden")
        %1901 = sdy.sharding_constraint %1900 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("backward/entrance")
        %1902 = stablehlo.convert %1901 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("backward/entrance")
        %1903 = stablehlo.broadcast_in_dim %1477, dims = [0, 1, 2] : (tensor<1x1x16xf32>) -> tensor<8x4x16xf32> loc("backward/entrance")
        %1904 = stablehlo.multiply %1902, %1903 : tensor<8x4x16xf32> loc("backward/entrance")
        %1905 = stablehlo.multiply %1902, %1476 : tensor<8x4x16xf32> loc("backward/entrance")
        %1906 = stablehlo.reduce(%1905 init: %1465) applies stablehlo.add across dimensions = [0, 1] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<16xf32> loc("backward/entrance")
        %1907 = stablehlo.reshape %1906 : (tensor<16xf32>) -> tensor<1x1x16xf32> loc("backward/entrance")
        %1908 = stablehlo.broadcast_in_dim %1474, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("backward/entrance")
        %1909 = stablehlo.multiply %1904, %1908 : tensor<8x4x16xf32> loc("backward/entrance")
        %1910 = stablehlo.multiply %1904, %1463 : tensor<8x4x16xf32> loc("backward/entrance")
        %1911 = stablehlo.reduce(%1910 init: %1465) applies stablehlo.add across dimensions = [2] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<8x4xf32> loc("backward/entrance")
        %1912 = stablehlo.reshape %1911 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("backward/entrance")
        %1913 = stablehlo.multiply %1912, %1560 : tensor<8x4x1xf32> loc("backward/entrance")
        %1914 = stablehlo.multiply %1913, %1564 : tensor<8x4x1xf32> loc("backward/entrance")
        %1915 = stablehlo.reduce(%1914 init: %1465) applies stablehlo.add across dimensions = [2] : (tensor<8x4x1xf32>, tensor<f32>) -> tensor<8x4xf32> loc("backward/entrance")
        %1916 = stablehlo.reshape %1915 : (tensor<8x4xf32>) -> tensor<8x4x1xf32> loc("backward/entrance")
        %1917 = stablehlo.broadcast_in_dim %1916, dims = [0, 1, 2] : (tensor<8x4x1xf32>) -> tensor<8x4x16xf32> loc("backward/entrance")
        %1918 = stablehlo.multiply %1567, %1917 : tensor<8x4x16xf32> loc("backward/entrance")
        %1919 = stablehlo.multiply %1918, %1463 : tensor<8x4x16xf32> loc("backward/entrance")
        %1920 = stablehlo.add %1919, %1909 : tensor<8x4x16xf32> loc("backward/entrance")
        %1921 = stablehlo.multiply %1918, %1463 : tensor<8x4x16xf32> loc("backward/entrance")
        %1922 = stablehlo.add %1921, %1920 : tensor<8x4x16xf32> loc("backward/norm")
        %1923 = stablehlo.convert %1922 : (tensor<8x4x16xf32>) -> tensor<8x4x16xbf16> loc("backward/norm")
        %1924 = stablehlo.reshape %1907 : (tensor<1x1x16xf32>) -> tensor<16xf32> loc("backward/entrance")
        %1925 = stablehlo.add %1923, %1521 : tensor<8x4x16xbf16> loc("backward/norm")
        %1926 = stablehlo.reduce(%1816 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32>
        %1927 = stablehlo.reshape %1926 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %1928 = stablehlo.reshape %1927 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
        %1929 = stablehlo.convert %1928 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
        %1930 = stablehlo.reduce(%1814 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32>
        %1931 = stablehlo.reshape %1930 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %1932 = stablehlo.reshape %1931 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
        %1933 = stablehlo.convert %1932 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
        %1934 = stablehlo.reduce(%1812 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32>
        %1935 = stablehlo.reshape %1934 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %1936 = stablehlo.reshape %1935 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
        %1937 = stablehlo.convert %1936 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
        %1938 = stablehlo.reduce(%1811 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<16x16xf32>
        %1939 = stablehlo.reshape %1938 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %1940 = stablehlo.reshape %1939 : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
        %1941 = stablehlo.convert %1940 : (tensor<16x16xf32>) -> tensor<16x16xbf16>
        %1942 = stablehlo.reduce(%1810 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x16x32xf32>, tensor<f32>) -> tensor<16x32xf32>
        %1943 = stablehlo.reshape %1942 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
        %1944 = stablehlo.reshape %1943 : (tensor<1x16x32xf32>) -> tensor<16x32xf32>
        %1945 = stablehlo.convert %1944 : (tensor<16x32xf32>) -> tensor<16x32xbf16>
        %1946 = stablehlo.reduce(%1570 init: %1465) applies stablehlo.add across dimensions = [0] : (tensor<2x32x16xf32>, tensor<f32>) -> tensor<32x16xf32>
        %1947 = stablehlo.reshape %1946 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
        %1948 = stablehlo.reshape %1947 : (tensor<1x32x16xf32>) -> tensor<32x16xf32>
        %1949 = stablehlo.convert %1948 : (tensor<32x16xf32>) -> tensor<32x16xbf16>
        %1950 = stablehlo.add %1399, %1424 : tensor<i32>
        %1951 = stablehlo.reshape %1924 : (tensor<16xf32>) -> tensor<1x16xf32>
        %1952 = stablehlo.dynamic_update_slice %1401, %1951, %1425, %1426 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
        %1953 = stablehlo.reshape %1929 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
        %1954 = stablehlo.dynamic_update_slice %1402, %1953, %1425, %1426, %1426 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
        %1955 = stablehlo.reshape %1933 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
        %1956 = stablehlo.dynamic_update_slice %1403, %1955, %1425, %1426, %1426 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
        %1957 = stablehlo.reshape %1937 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
        %1958 = stablehlo.dynamic_update_slice %1404, %1957, %1425, %1426, %1426 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
        %1959 = stablehlo.reshape %1815 : (tensor<8xf32>) -> tensor<1x8xf32>
        %1960 = stablehlo.dynamic_update_slice %1405, %1959, %1425, %1426 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
        %1961 = stablehlo.reshape %1813 : (tensor<8xf32>) -> tensor<1x8xf32>
        %1962 = stablehlo.dynamic_update_slice %1406, %1961, %1425, %1426 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
        %1963 = stablehlo.reshape %1941 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
        %1964 = stablehlo.dynamic_update_slice %1407, %1963, %1425, %1426, %1426 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
        %1965 = stablehlo.reshape %1945 : (tensor<16x32xbf16>) -> tensor<1x16x32xbf16>
        %1966 = stablehlo.dynamic_update_slice %1408, %1965, %1425, %1426, %1426 : (tensor<2x16x32xbf16>, tensor<1x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xbf16>
        %1967 = stablehlo.reshape %1809 : (tensor<32xbf16>) -> tensor<1x32xbf16>
        %1968 = stablehlo.dynamic_update_slice %1409, %1967, %1425, %1426 : (tensor<2x32xbf16>, tensor<1x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x32xbf16>
        %1969 = stablehlo.reshape %1949 : (tensor<32x16xbf16>) -> tensor<1x32x16xbf16>
        %1970 = stablehlo.dynamic_update_slice %1410, %1969, %1425, %1426, %1426 : (tensor<2x32x16xbf16>, tensor<1x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xbf16>
        %1971 = stablehlo.reshape %1569 : (tensor<16xbf16>) -> tensor<1x16xbf16>
        %1972 = stablehlo.dynamic_update_slice %1411, %1971, %1425, %1426 : (tensor<2x16xbf16>, tensor<1x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x16xbf16>
        stablehlo.return %1950, %1925, %1952, %1954, %1956, %1958, %1960, %1962, %1964, %1966, %1968, %1970, %1972, %1412, %1413, %1414, %1415, %1416, %1417, %1418, %1419, %1420, %1421, %1422, %1423 : tensor<i32>, tensor<8x4x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32x16xbf16>
      }) : (tensor<i32>, tensor<8x4x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32x16xbf16>) -> (tensor<i32>, tensor<8x4x16xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x16xbf16>, tensor<2x8x4x32xbf16>, tensor<2x16xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x32xbf16>, tensor<2x32x16xbf16>)
      %1974 = sdy.sharding_constraint %1973#1 <@mesh, [{"replica", "data", "model"}, {}, {}]> : tensor<8x4x16xbf16> loc("forward/residual")
      %1975 = stablehlo.convert %1974 : (tensor<8x4x16xbf16>) -> tensor<8x4x16xf32> loc("forward/residual")
      %1976 = stablehlo.reduce(%1975 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x4x16xf32>, tensor<f32>) -> tensor<4x16xf32> loc("forward/residual")
      %1977 = stablehlo.reshape %1976 : (tensor<4x16xf32>) -> tensor<1x4x16xf32> loc("forward/residual")
      %1978 = stablehlo.convert %1977 : (tensor<1x4x16xf32>) -> tensor<1x4x16xbf16> loc("forward/residual")
      %1979 = stablehlo.reshape %1974 : (tensor<8x4x16xbf16>) -> tensor<32x16xbf16> loc("forward/residual")
      %1980 = stablehlo.convert %1979 : (tensor<32x16xbf16>) -> tensor<32x16xf32> loc("forward/residual")
      %1981 = stablehlo.reduce(%1980 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<32x16xf32>, tensor<f32>) -> tensor<16xf32> loc("forward/residual")
      %1982 = stablehlo.reshape %1981 : (tensor<16xf32>) -> tensor<1x16xf32> loc("forward/residual")
      %1983 = stablehlo.convert %1982 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("forward/residual")
      %1984 = stablehlo.reshape %373 : (tensor<32x48xbf16>) -> tensor<2x16x48xbf16> loc("forward/residual")
      %1985 = stablehlo.reshape %1979 : (tensor<32x16xbf16>) -> tensor<2x16x16xbf16> loc("forward/residual")
      %1986 = stablehlo.dot_general %1984, %1985, batching_dims = [0] x [0], contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x16x48xbf16>, tensor<2x16x16xbf16>) -> tensor<2x48x16xf32> loc("forward/residual")
      %1987 = stablehlo.convert %1341 : (tensor<8x1x16xbf16>) -> tensor<8x1x16xf32> loc("forward/map.probe")
      %1988 = stablehlo.reduce(%1987 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<8x1x16xf32>, tensor<f32>) -> tensor<1x16xf32> loc("forward/map.probe")
      %1989 = stablehlo.reshape %1988 : (tensor<1x16xf32>) -> tensor<1x1x16xf32> loc("forward/map.probe")
      %1990 = stablehlo.convert %1989 : (tensor<1x1x16xf32>) -> tensor<1x1x16xbf16> loc("forward/map.probe")
      %1991 = stablehlo.reshape %1990 : (tensor<1x1x16xbf16>) -> tensor<1x16xbf16> loc("forward/map.probe")
      %1992 = stablehlo.reduce(%1986 init: %670) applies stablehlo.add across dimensions = [0] : (tensor<2x48x16xf32>, tensor<f32>) -> tensor<48x16xf32> loc("forward/residual")
      %1993 = stablehlo.reshape %1992 : (tensor<48x16xf32>) -> tensor<1x48x16xf32> loc("forward/residual")
      %1994 = stablehlo.reshape %1993 : (tensor<1x48x16xf32>) -> tensor<48x16xf32> loc("forward/residual")
      %1995 = stablehlo.convert %1994 : (tensor<48x16xf32>) -> tensor<48x16xbf16> loc("forward/residual")
      %1996 = stablehlo.transpose %1995, dims = [1, 0] : (tensor<48x16xbf16>) -> tensor<16x48xbf16> loc("forward/residual")
      %1997 = sdy.sharding_constraint %1991 <@mesh, [{}, {}]> : tensor<1x16xbf16> loc("forward/map.probe")
      %1998 = stablehlo.reshape %1348 : (tensor<1x1x16xf32>) -> tensor<16xf32> loc("forward/entrance")
      %1999 = stablehlo.reshape %1978 : (tensor<1x4x16xbf16>) -> tensor<4x16xbf16> loc("forward/residual")
      %2000 = stablehlo.reshape %1983 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/residual")
      %2001 = stablehlo.reshape %1996 : (tensor<16x48xbf16>) -> tensor<16x3x4x4xbf16> loc("forward/residual")
      %2002 = sdy.sharding_constraint %1997 <@mesh, [{}, {}]> : tensor<1x16xbf16> loc("forward/map.probe")
      %2003 = stablehlo.convert %2000 : (tensor<16xbf16>) -> tensor<16xf32> loc("forward/residual")
      %2004 = stablehlo.add %313, %2003 : tensor<16xf32> loc("forward/residual")
      %2005 = stablehlo.convert %2001 : (tensor<16x3x4x4xbf16>) -> tensor<16x3x4x4xf32> loc("forward/residual")
      %2006 = stablehlo.add %314, %2005 : tensor<16x3x4x4xf32> loc("forward/residual")
      %2007 = stablehlo.convert %2002 : (tensor<1x16xbf16>) -> tensor<1x16xf32> loc("forward/map.probe")
      %2008 = stablehlo.add %327, %2007 : tensor<1x16xf32> loc("forward/map.probe")
      %2009 = stablehlo.add %328, %1998 : tensor<16xf32> loc("forward/entrance")
      %2010 = stablehlo.convert %1999 : (tensor<4x16xbf16>) -> tensor<4x16xf32> loc("forward/residual")
      %2011 = stablehlo.add %329, %2010 : tensor<4x16xf32> loc("forward/residual")
      %2148:23 = "stablehlo.while"(%362, %302, %303, %304, %305, %306, %307, %308, %309, %310, %311, %312, %1973#7, %1973#4, %1973#8, %1973#6, %1973#3, %1973#5, %1973#10, %1973#9, %1973#12, %1973#11, %1973#2) ({
      ^bb0(%2012: tensor<i32>, %2013: tensor<2x8xf32>, %2014: tensor<2x16x16xf32>, %2015: tensor<2x16x16xf32>, %2016: tensor<2x8xf32>, %2017: tensor<2x16x16xf32>, %2018: tensor<2x16x16xf32>, %2019: tensor<2x32xf32>, %2020: tensor<2x16x32xf32>, %2021: tensor<2x16xf32>, %2022: tensor<2x32x16xf32>, %2023: tensor<2x16xf32>, %2024: tensor<2x8xf32>, %2025: tensor<2x16x16xbf16>, %2026: tensor<2x16x16xbf16>, %2027: tensor<2x8xf32>, %2028: tensor<2x16x16xbf16>, %2029: tensor<2x16x16xbf16>, %2030: tensor<2x32xbf16>, %2031: tensor<2x16x32xbf16>, %2032: tensor<2x16xbf16>, %2033: tensor<2x32x16xbf16>, %2034: tensor<2x16xf32>):
        %2035 = stablehlo.constant dense<2> : tensor<i32> loc("forward/residual")
        %2036 = stablehlo.compare LT, %2012, %2035, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("forward/residual")
        stablehlo.return %2036 : tensor<i1>
      }, {
      ^bb0(%2037: tensor<i32>, %2038: tensor<2x8xf32>, %2039: tensor<2x16x16xf32>, %2040: tensor<2x16x16xf32>, %2041: tensor<2x8xf32>, %2042: tensor<2x16x16xf32>, %2043: tensor<2x16x16xf32>, %2044: tensor<2x32xf32>, %2045: tensor<2x16x32xf32>, %2046: tensor<2x16xf32>, %2047: tensor<2x32x16xf32>, %2048: tensor<2x16xf32>, %2049: tensor<2x8xf32>, %2050: tensor<2x16x16xbf16>, %2051: tensor<2x16x16xbf16>, %2052: tensor<2x8xf32>, %2053: tensor<2x16x16xbf16>, %2054: tensor<2x16x16xbf16>, %2055: tensor<2x32xbf16>, %2056: tensor<2x16x32xbf16>, %2057: tensor<2x16xbf16>, %2058: tensor<2x32x16xbf16>, %2059: tensor<2x16xf32>):
        %2060 = stablehlo.constant dense<0> : tensor<i32> loc("forward/residual")
        %2061 = stablehlo.dynamic_slice %2049, %2037, %2060, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %2062 = stablehlo.reshape %2061 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %2063 = stablehlo.dynamic_slice %2050, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %2064 = stablehlo.reshape %2063 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %2065 = stablehlo.dynamic_slice %2051, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %2066 = stablehlo.reshape %2065 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %2067 = stablehlo.dynamic_slice %2052, %2037, %2060, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %2068 = stablehlo.reshape %2067 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %2069 = stablehlo.dynamic_slice %2053, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %2070 = stablehlo.reshape %2069 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %2071 = stablehlo.dynamic_slice %2054, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("forward/residual")
        %2072 = stablehlo.reshape %2071 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("forward/residual")
        %2073 = stablehlo.dynamic_slice %2055, %2037, %2060, sizes = [1, 32] : (tensor<2x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x32xbf16> loc("forward/residual")
        %2074 = stablehlo.reshape %2073 : (tensor<1x32xbf16>) -> tensor<32xbf16> loc("forward/residual")
        %2075 = stablehlo.dynamic_slice %2056, %2037, %2060, %2060, sizes = [1, 16, 32] : (tensor<2x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xbf16> loc("forward/residual")
        %2076 = stablehlo.reshape %2075 : (tensor<1x16x32xbf16>) -> tensor<16x32xbf16> loc("forward/residual")
        %2077 = stablehlo.dynamic_slice %2057, %2037, %2060, sizes = [1, 16] : (tensor<2x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x16xbf16> loc("forward/residual")
        %2078 = stablehlo.reshape %2077 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("forward/residual")
        %2079 = stablehlo.dynamic_slice %2058, %2037, %2060, %2060, sizes = [1, 32, 16] : (tensor<2x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xbf16> loc("forward/residual")
        %2080 = stablehlo.reshape %2079 : (tensor<1x32x16xbf16>) -> tensor<32x16xbf16> loc("forward/residual")
        %2081 = stablehlo.dynamic_slice %2059, %2037, %2060, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("forward/residual")
        %2082 = stablehlo.reshape %2081 : (tensor<1x16xf32>) -> tensor<16xf32> loc("forward/residual")
        %2083 = stablehlo.dynamic_slice %2038, %2037, %2060, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %2084 = stablehlo.reshape %2083 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %2085 = stablehlo.dynamic_slice %2039, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("forward/residual")
        %2086 = stablehlo.reshape %2085 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/residual")
        %2087 = stablehlo.dynamic_slice %2040, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("forward/residual")
        %2088 = stablehlo.reshape %2087 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/residual")
        %2089 = stablehlo.dynamic_slice %2041, %2037, %2060, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("forward/residual")
        %2090 = stablehlo.reshape %2089 : (tensor<1x8xf32>) -> tensor<8xf32> loc("forward/residual")
        %2091 = stablehlo.dynamic_slice %2042, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("forward/residual")
        %2092 = stablehlo.reshape %2091 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/residual")
        %2093 = stablehlo.dynamic_slice %2043, %2037, %2060, %2060, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("forward/residual")
        %2094 = stablehlo.reshape %2093 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("forward/residual")
        %2095 = stablehlo.dynamic_slice %2044, %2037, %2060, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("forward/residual")
        %2096 = stablehlo.reshape %2095 : (tensor<1x32xf32>) -> tensor<32xf32> loc("forward/residual")
        %2097 = stablehlo.dynamic_slice %2045, %2037, %2060, %2060, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("forward/residual")
        %2098 = stablehlo.reshape %2097 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("forward/residual")
        %2099 = stablehlo.dynamic_slice %2046, %2037, %2060, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("forward/residual")
        %2100 = stablehlo.reshape %2099 : (tensor<1x16xf32>) -> tensor<16xf32> loc("forward/residual")
        %2101 = stablehlo.dynamic_slice %2047, %2037, %2060, %2060, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("forward/residual")
        %2102 = stablehlo.reshape %2101 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("forward/residual")
        %2103 = stablehlo.dynamic_slice %2048, %2037, %2060, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("forward/residual")
        %2104 = stablehlo.reshape %2103 : (tensor<1x16xf32>) -> tensor<16xf32> loc("forward/residual")
        %2105 = stablehlo.add %2084, %2062 : tensor<8xf32>
        %2106 = stablehlo.convert %2064 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
        %2107 = stablehlo.add %2086, %2106 : tensor<16x16xf32>
        %2108 = stablehlo.convert %2066 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
        %2109 = stablehlo.add %2088, %2108 : tensor<16x16xf32>
        %2110 = stablehlo.add %2090, %2068 : tensor<8xf32>
        %2111 = stablehlo.convert %2070 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
        %2112 = stablehlo.add %2092, %2111 : tensor<16x16xf32>
        %2113 = stablehlo.convert %2072 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
        %2114 = stablehlo.add %2094, %2113 : tensor<16x16xf32>
        %2115 = stablehlo.convert %2074 : (tensor<32xbf16>) -> tensor<32xf32>
        %2116 = stablehlo.add %2096, %2115 : tensor<32xf32>
        %2117 = stablehlo.convert %2076 : (tensor<16x32xbf16>) -> tensor<16x32xf32>
        %2118 = stablehlo.add %2098, %2117 : tensor<16x32xf32>
        %2119 = stablehlo.convert %2078 : (tensor<16xbf16>) -> tensor<16xf32>
        %2120 = stablehlo.add %2100, %2119 : tensor<16xf32>
        %2121 = stablehlo.convert %2080 : (tensor<32x16xbf16>) -> tensor<32x16xf32>
        %2122 = stablehlo.add %2102, %2121 : tensor<32x16xf32>
        %2123 = stablehlo.add %2104, %2082 : tensor<16xf32>
        %2124 = stablehlo.constant dense<1> : tensor<i32>
        %2125 = stablehlo.add %2037, %2124 : tensor<i32>
        %2126 = stablehlo.reshape %2105 : (tensor<8xf32>) -> tensor<1x8xf32>
        %2127 = stablehlo.dynamic_update_slice %2038, %2126, %2037, %2060 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
        %2128 = stablehlo.reshape %2107 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %2129 = stablehlo.dynamic_update_slice %2039, %2128, %2037, %2060, %2060 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
        %2130 = stablehlo.reshape %2109 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %2131 = stablehlo.dynamic_update_slice %2040, %2130, %2037, %2060, %2060 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
        %2132 = stablehlo.reshape %2110 : (tensor<8xf32>) -> tensor<1x8xf32>
        %2133 = stablehlo.dynamic_update_slice %2041, %2132, %2037, %2060 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
        %2134 = stablehlo.reshape %2112 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %2135 = stablehlo.dynamic_update_slice %2042, %2134, %2037, %2060, %2060 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
        %2136 = stablehlo.reshape %2114 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
        %2137 = stablehlo.dynamic_update_slice %2043, %2136, %2037, %2060, %2060 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
        %2138 = stablehlo.reshape %2116 : (tensor<32xf32>) -> tensor<1x32xf32>
        %2139 = stablehlo.dynamic_update_slice %2044, %2138, %2037, %2060 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
        %2140 = stablehlo.reshape %2118 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
        %2141 = stablehlo.dynamic_update_slice %2045, %2140, %2037, %2060, %2060 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
        %2142 = stablehlo.reshape %2120 : (tensor<16xf32>) -> tensor<1x16xf32>
        %2143 = stablehlo.dynamic_update_slice %2046, %2142, %2037, %2060 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
        %2144 = stablehlo.reshape %2122 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
        %2145 = stablehlo.dynamic_update_slice %2047, %2144, %2037, %2060, %2060 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
        %2146 = stablehlo.reshape %2123 : (tensor<16xf32>) -> tensor<1x16xf32>
        %2147 = stablehlo.dynamic_update_slice %2048, %2146, %2037, %2060 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
        stablehlo.return %2125, %2127, %2129, %2131, %2133, %2135, %2137, %2139, %2141, %2143, %2145, %2147, %2049, %2050, %2051, %2052, %2053, %2054, %2055, %2056, %2057, %2058, %2059 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>
      }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>)
      %2149 = stablehlo.constant dense<1> : tensor<i32>
      %2150 = stablehlo.add %300, %2149 : tensor<i32>
      stablehlo.return %2150, %1049, %2148#1, %2148#2, %2148#3, %2148#4, %2148#5, %2148#6, %2148#7, %2148#8, %2148#9, %2148#10, %2148#11, %2004, %2006, %1034, %1040, %1261, %1175, %1181, %1267, %1273, %1107, %1113, %1042, %1048, %1182, %2008, %2009, %2011, %330, %331, %332, %333, %334, %335, %336, %337, %338, %339, %340, %341, %342, %343, %344, %345, %346, %347, %348, %349, %350, %351, %352, %353, %354, %355, %356, %357, %358, %359, %360, %361 : tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<16xf32>, tensor<16x3x4x4xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<32xf32>, tensor<16x32xf32>, tensor<16xf32>, tensor<32x16xf32>, tensor<16xf32>, tensor<1x16xf32>, tensor<16xf32>, tensor<4x16xf32>, tensor<2x8x3x8x8xf32>, tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xbf16>, tensor<16x3x4x4xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<32xbf16>, tensor<16x32xbf16>, tensor<16xbf16>, tensor<32x16xbf16>, tensor<1x16xbf16>, tensor<4x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<1xi32>, tensor<1xi32>
    }) : (tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<16xf32>, tensor<16x3x4x4xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<32xf32>, tensor<16x32xf32>, tensor<16xf32>, tensor<32x16xf32>, tensor<16xf32>, tensor<1x16xf32>, tensor<16xf32>, tensor<4x16xf32>, tensor<2x8x3x8x8xf32>, tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xbf16>, tensor<16x3x4x4xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<32xbf16>, tensor<16x32xbf16>, tensor<16xbf16>, tensor<32x16xbf16>, tensor<1x16xbf16>, tensor<4x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<1xi32>, tensor<1xi32>) -> (tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<16xf32>, tensor<16x3x4x4xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<32xf32>, tensor<16x32xf32>, tensor<16xf32>, tensor<32x16xf32>, tensor<16xf32>, tensor<1x16xf32>, tensor<16xf32>, tensor<4x16xf32>, tensor<2x8x3x8x8xf32>, tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xbf16>, tensor<16x3x4x4xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<32xbf16>, tensor<16x32xbf16>, tensor<16xbf16>, tensor<32x16xbf16>, tensor<1x16xbf16>, tensor<4x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xf32>, tensor<1xi32>, tensor<1xi32>)
    %2152 = stablehlo.constant dense<0.5> : tensor<1xf32> loc("map.attn.out")
    %2153 = stablehlo.multiply %2151#1, %2152 : tensor<1xf32> loc("map.attn.out")
    %2154 = stablehlo.constant dense<0.5> : tensor<16xf32> loc("map.attn.out")
    %2155 = stablehlo.multiply %2151#13, %2154 : tensor<16xf32> loc("map.attn.out")
    %2156 = stablehlo.constant dense<0.5> : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2157 = stablehlo.multiply %2151#14, %2156 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2158 = stablehlo.multiply %2151#15, %2154 : tensor<16xf32> loc("map.attn.out")
    %2159 = stablehlo.constant dense<0.5> : tensor<16x16xf32> loc("map.attn.out")
    %2160 = stablehlo.multiply %2151#16, %2159 : tensor<16x16xf32> loc("map.attn.out")
    %2161 = stablehlo.multiply %2151#17, %2159 : tensor<16x16xf32> loc("map.attn.out")
    %2162 = stablehlo.multiply %2151#18, %2154 : tensor<16xf32> loc("map.attn.out")
    %2163 = stablehlo.multiply %2151#19, %2159 : tensor<16x16xf32> loc("map.attn.out")
    %2164 = stablehlo.multiply %2151#20, %2159 : tensor<16x16xf32> loc("map.attn.out")
    %2165 = stablehlo.multiply %2151#21, %2159 : tensor<16x16xf32> loc("map.attn.out")
    %2166 = stablehlo.constant dense<0.5> : tensor<32xf32> loc("map.attn.out")
    %2167 = stablehlo.multiply %2151#22, %2166 : tensor<32xf32> loc("map.attn.out")
    %2168 = stablehlo.constant dense<0.5> : tensor<16x32xf32> loc("map.attn.out")
    %2169 = stablehlo.multiply %2151#23, %2168 : tensor<16x32xf32> loc("map.attn.out")
    %2170 = stablehlo.multiply %2151#24, %2154 : tensor<16xf32> loc("map.attn.out")
    %2171 = stablehlo.constant dense<0.5> : tensor<32x16xf32> loc("map.attn.out")
    %2172 = stablehlo.multiply %2151#25, %2171 : tensor<32x16xf32> loc("map.attn.out")
    %2173 = stablehlo.multiply %2151#26, %2154 : tensor<16xf32> loc("map.attn.out")
    %2174 = stablehlo.constant dense<0.5> : tensor<1x16xf32> loc("map.attn.out")
    %2175 = stablehlo.multiply %2151#27, %2174 : tensor<1x16xf32> loc("map.attn.out")
    %2176 = stablehlo.multiply %2151#28, %2154 : tensor<16xf32> loc("map.attn.out")
    %2177 = stablehlo.constant dense<0.5> : tensor<4x16xf32> loc("map.attn.out")
    %2178 = stablehlo.multiply %2151#29, %2177 : tensor<4x16xf32> loc("map.attn.out")
    %2269:12 = "stablehlo.while"(%26, %2151#2, %2151#3, %2151#4, %2151#5, %2151#6, %2151#7, %2151#8, %2151#9, %2151#10, %2151#11, %2151#12) ({
    ^bb0(%2179: tensor<i32>, %2180: tensor<2x8xf32>, %2181: tensor<2x16x16xf32>, %2182: tensor<2x16x16xf32>, %2183: tensor<2x8xf32>, %2184: tensor<2x16x16xf32>, %2185: tensor<2x16x16xf32>, %2186: tensor<2x32xf32>, %2187: tensor<2x16x32xf32>, %2188: tensor<2x16xf32>, %2189: tensor<2x32x16xf32>, %2190: tensor<2x16xf32>):
      %2191 = stablehlo.constant dense<2> : tensor<i32> loc("map.attn.out")
      %2192 = stablehlo.compare LT, %2179, %2191, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("map.attn.out")
      stablehlo.return %2192 : tensor<i1>
    }, {
    ^bb0(%2193: tensor<i32>, %2194: tensor<2x8xf32>, %2195: tensor<2x16x16xf32>, %2196: tensor<2x16x16xf32>, %2197: tensor<2x8xf32>, %2198: tensor<2x16x16xf32>, %2199: tensor<2x16x16xf32>, %2200: tensor<2x32xf32>, %2201: tensor<2x16x32xf32>, %2202: tensor<2x16xf32>, %2203: tensor<2x32x16xf32>, %2204: tensor<2x16xf32>):
      %2205 = stablehlo.constant dense<0> : tensor<i32> loc("map.attn.out")
      %2206 = stablehlo.dynamic_slice %2194, %2193, %2205, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2207 = stablehlo.reshape %2206 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2208 = stablehlo.dynamic_slice %2195, %2193, %2205, %2205, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2209 = stablehlo.reshape %2208 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2210 = stablehlo.dynamic_slice %2196, %2193, %2205, %2205, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2211 = stablehlo.reshape %2210 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2212 = stablehlo.dynamic_slice %2197, %2193, %2205, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2213 = stablehlo.reshape %2212 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2214 = stablehlo.dynamic_slice %2198, %2193, %2205, %2205, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2215 = stablehlo.reshape %2214 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2216 = stablehlo.dynamic_slice %2199, %2193, %2205, %2205, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2217 = stablehlo.reshape %2216 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2218 = stablehlo.dynamic_slice %2200, %2193, %2205, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %2219 = stablehlo.reshape %2218 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %2220 = stablehlo.dynamic_slice %2201, %2193, %2205, %2205, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %2221 = stablehlo.reshape %2220 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %2222 = stablehlo.dynamic_slice %2202, %2193, %2205, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2223 = stablehlo.reshape %2222 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2224 = stablehlo.dynamic_slice %2203, %2193, %2205, %2205, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %2225 = stablehlo.reshape %2224 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %2226 = stablehlo.dynamic_slice %2204, %2193, %2205, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2227 = stablehlo.reshape %2226 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2228 = stablehlo.constant dense<0.5> : tensor<8xf32>
      %2229 = stablehlo.multiply %2207, %2228 : tensor<8xf32>
      %2230 = stablehlo.constant dense<0.5> : tensor<16x16xf32>
      %2231 = stablehlo.multiply %2209, %2230 : tensor<16x16xf32>
      %2232 = stablehlo.multiply %2211, %2230 : tensor<16x16xf32>
      %2233 = stablehlo.multiply %2213, %2228 : tensor<8xf32>
      %2234 = stablehlo.multiply %2215, %2230 : tensor<16x16xf32>
      %2235 = stablehlo.multiply %2217, %2230 : tensor<16x16xf32>
      %2236 = stablehlo.constant dense<0.5> : tensor<32xf32>
      %2237 = stablehlo.multiply %2219, %2236 : tensor<32xf32>
      %2238 = stablehlo.constant dense<0.5> : tensor<16x32xf32>
      %2239 = stablehlo.multiply %2221, %2238 : tensor<16x32xf32>
      %2240 = stablehlo.constant dense<0.5> : tensor<16xf32>
      %2241 = stablehlo.multiply %2223, %2240 : tensor<16xf32>
      %2242 = stablehlo.constant dense<0.5> : tensor<32x16xf32>
      %2243 = stablehlo.multiply %2225, %2242 : tensor<32x16xf32>
      %2244 = stablehlo.multiply %2227, %2240 : tensor<16xf32>
      %2245 = stablehlo.constant dense<1> : tensor<i32>
      %2246 = stablehlo.add %2193, %2245 : tensor<i32>
      %2247 = stablehlo.reshape %2229 : (tensor<8xf32>) -> tensor<1x8xf32>
      %2248 = stablehlo.dynamic_update_slice %2194, %2247, %2193, %2205 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %2249 = stablehlo.reshape %2231 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2250 = stablehlo.dynamic_update_slice %2195, %2249, %2193, %2205, %2205 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2251 = stablehlo.reshape %2232 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2252 = stablehlo.dynamic_update_slice %2196, %2251, %2193, %2205, %2205 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2253 = stablehlo.reshape %2233 : (tensor<8xf32>) -> tensor<1x8xf32>
      %2254 = stablehlo.dynamic_update_slice %2197, %2253, %2193, %2205 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %2255 = stablehlo.reshape %2234 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2256 = stablehlo.dynamic_update_slice %2198, %2255, %2193, %2205, %2205 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2257 = stablehlo.reshape %2235 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2258 = stablehlo.dynamic_update_slice %2199, %2257, %2193, %2205, %2205 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2259 = stablehlo.reshape %2237 : (tensor<32xf32>) -> tensor<1x32xf32>
      %2260 = stablehlo.dynamic_update_slice %2200, %2259, %2193, %2205 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
      %2261 = stablehlo.reshape %2239 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
      %2262 = stablehlo.dynamic_update_slice %2201, %2261, %2193, %2205, %2205 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
      %2263 = stablehlo.reshape %2241 : (tensor<16xf32>) -> tensor<1x16xf32>
      %2264 = stablehlo.dynamic_update_slice %2202, %2263, %2193, %2205 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %2265 = stablehlo.reshape %2243 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
      %2266 = stablehlo.dynamic_update_slice %2203, %2265, %2193, %2205, %2205 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
      %2267 = stablehlo.reshape %2244 : (tensor<16xf32>) -> tensor<1x16xf32>
      %2268 = stablehlo.dynamic_update_slice %2204, %2267, %2193, %2205 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      stablehlo.return %2246, %2248, %2250, %2252, %2254, %2256, %2258, %2260, %2262, %2264, %2266, %2268 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>
    }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>)
    %2343:12 = "stablehlo.while"(%26, %2269#1, %2269#2, %2269#3, %2269#4, %2269#5, %2269#6, %2269#7, %2269#8, %2269#9, %2269#10, %2269#11) ({
    ^bb0(%2270: tensor<i32>, %2271: tensor<2x8xf32>, %2272: tensor<2x16x16xf32>, %2273: tensor<2x16x16xf32>, %2274: tensor<2x8xf32>, %2275: tensor<2x16x16xf32>, %2276: tensor<2x16x16xf32>, %2277: tensor<2x32xf32>, %2278: tensor<2x16x32xf32>, %2279: tensor<2x16xf32>, %2280: tensor<2x32x16xf32>, %2281: tensor<2x16xf32>):
      %2282 = stablehlo.constant dense<2> : tensor<i32> loc("map.attn.out")
      %2283 = stablehlo.compare LT, %2270, %2282, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("map.attn.out")
      stablehlo.return %2283 : tensor<i1>
    }, {
    ^bb0(%2284: tensor<i32>, %2285: tensor<2x8xf32>, %2286: tensor<2x16x16xf32>, %2287: tensor<2x16x16xf32>, %2288: tensor<2x8xf32>, %2289: tensor<2x16x16xf32>, %2290: tensor<2x16x16xf32>, %2291: tensor<2x32xf32>, %2292: tensor<2x16x32xf32>, %2293: tensor<2x16xf32>, %2294: tensor<2x32x16xf32>, %2295: tensor<2x16xf32>):
      %2296 = stablehlo.constant dense<0> : tensor<i32> loc("map.attn.out")
      %2297 = stablehlo.dynamic_slice %2285, %2284, %2296, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2298 = stablehlo.reshape %2297 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2299 = stablehlo.dynamic_slice %2286, %2284, %2296, %2296, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2300 = stablehlo.reshape %2299 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2301 = stablehlo.dynamic_slice %2287, %2284, %2296, %2296, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2302 = stablehlo.reshape %2301 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2303 = stablehlo.dynamic_slice %2288, %2284, %2296, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2304 = stablehlo.reshape %2303 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2305 = stablehlo.dynamic_slice %2289, %2284, %2296, %2296, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2306 = stablehlo.reshape %2305 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2307 = stablehlo.dynamic_slice %2290, %2284, %2296, %2296, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2308 = stablehlo.reshape %2307 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2309 = stablehlo.dynamic_slice %2291, %2284, %2296, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %2310 = stablehlo.reshape %2309 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %2311 = stablehlo.dynamic_slice %2292, %2284, %2296, %2296, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %2312 = stablehlo.reshape %2311 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %2313 = stablehlo.dynamic_slice %2293, %2284, %2296, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2314 = stablehlo.reshape %2313 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2315 = stablehlo.dynamic_slice %2294, %2284, %2296, %2296, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %2316 = stablehlo.reshape %2315 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %2317 = stablehlo.dynamic_slice %2295, %2284, %2296, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2318 = stablehlo.reshape %2317 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2319 = stablehlo.constant dense<1> : tensor<i32>
      %2320 = stablehlo.add %2284, %2319 : tensor<i32>
      %2321 = stablehlo.reshape %2298 : (tensor<8xf32>) -> tensor<1x8xf32>
      %2322 = stablehlo.dynamic_update_slice %2285, %2321, %2284, %2296 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %2323 = stablehlo.reshape %2300 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2324 = stablehlo.dynamic_update_slice %2286, %2323, %2284, %2296, %2296 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2325 = stablehlo.reshape %2302 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2326 = stablehlo.dynamic_update_slice %2287, %2325, %2284, %2296, %2296 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2327 = stablehlo.reshape %2304 : (tensor<8xf32>) -> tensor<1x8xf32>
      %2328 = stablehlo.dynamic_update_slice %2288, %2327, %2284, %2296 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %2329 = stablehlo.reshape %2306 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2330 = stablehlo.dynamic_update_slice %2289, %2329, %2284, %2296, %2296 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2331 = stablehlo.reshape %2308 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %2332 = stablehlo.dynamic_update_slice %2290, %2331, %2284, %2296, %2296 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %2333 = stablehlo.reshape %2310 : (tensor<32xf32>) -> tensor<1x32xf32>
      %2334 = stablehlo.dynamic_update_slice %2291, %2333, %2284, %2296 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
      %2335 = stablehlo.reshape %2312 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
      %2336 = stablehlo.dynamic_update_slice %2292, %2335, %2284, %2296, %2296 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
      %2337 = stablehlo.reshape %2314 : (tensor<16xf32>) -> tensor<1x16xf32>
      %2338 = stablehlo.dynamic_update_slice %2293, %2337, %2284, %2296 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %2339 = stablehlo.reshape %2316 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
      %2340 = stablehlo.dynamic_update_slice %2294, %2339, %2284, %2296, %2296 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
      %2341 = stablehlo.reshape %2318 : (tensor<16xf32>) -> tensor<1x16xf32>
      %2342 = stablehlo.dynamic_update_slice %2295, %2341, %2284, %2296 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      stablehlo.return %2320, %2322, %2324, %2326, %2328, %2330, %2332, %2334, %2336, %2338, %2340, %2342 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>
    }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>)
    %2344 = stablehlo.convert %arg84 : (tensor<1xi32>) -> tensor<1xf32>
    %2345 = stablehlo.multiply %2155, %2155 : tensor<16xf32> loc("map.attn.out")
    %2346 = stablehlo.constant dense<0.0> : tensor<f32> loc("map.attn.out")
    %2347 = stablehlo.reduce(%2345 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2348 = stablehlo.reshape %2347 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2349 = stablehlo.add %226, %2348 : tensor<1xf32> loc("map.attn.out")
    %2350 = stablehlo.multiply %2157, %2157 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2351 = stablehlo.reduce(%2350 init: %2346) applies stablehlo.add across dimensions = [0, 1, 2, 3] : (tensor<16x3x4x4xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2352 = stablehlo.reshape %2351 : (tensor<f32>) -> tensor<1x1x1x1xf32> loc("map.attn.out")
    %2353 = stablehlo.reshape %2352 : (tensor<1x1x1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2354 = stablehlo.add %2349, %2353 : tensor<1xf32> loc("map.attn.out")
    %2355 = stablehlo.multiply %2158, %2158 : tensor<16xf32> loc("map.attn.out")
    %2356 = stablehlo.reduce(%2355 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2357 = stablehlo.reshape %2356 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2358 = stablehlo.add %2354, %2357 : tensor<1xf32> loc("map.attn.out")
    %2359 = stablehlo.multiply %2160, %2160 : tensor<16x16xf32> loc("map.attn.out")
    %2360 = stablehlo.reduce(%2359 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2361 = stablehlo.reshape %2360 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2362 = stablehlo.reshape %2361 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2363 = stablehlo.add %2358, %2362 : tensor<1xf32> loc("map.attn.out")
    %2364 = stablehlo.multiply %2161, %2161 : tensor<16x16xf32> loc("map.attn.out")
    %2365 = stablehlo.reduce(%2364 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2366 = stablehlo.reshape %2365 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2367 = stablehlo.reshape %2366 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2368 = stablehlo.add %2363, %2367 : tensor<1xf32> loc("map.attn.out")
    %2369 = stablehlo.multiply %2162, %2162 : tensor<16xf32> loc("map.attn.out")
    %2370 = stablehlo.reduce(%2369 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2371 = stablehlo.reshape %2370 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2372 = stablehlo.add %2368, %2371 : tensor<1xf32> loc("map.attn.out")
    %2373 = stablehlo.multiply %2163, %2163 : tensor<16x16xf32> loc("map.attn.out")
    %2374 = stablehlo.reduce(%2373 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2375 = stablehlo.reshape %2374 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2376 = stablehlo.reshape %2375 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2377 = stablehlo.add %2372, %2376 : tensor<1xf32> loc("map.attn.out")
    %2378 = stablehlo.multiply %2164, %2164 : tensor<16x16xf32> loc("map.attn.out")
    %2379 = stablehlo.reduce(%2378 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2380 = stablehlo.reshape %2379 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2381 = stablehlo.reshape %2380 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2382 = stablehlo.add %2377, %2381 : tensor<1xf32> loc("map.attn.out")
    %2383 = stablehlo.multiply %2165, %2165 : tensor<16x16xf32> loc("map.attn.out")
    %2384 = stablehlo.reduce(%2383 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2385 = stablehlo.reshape %2384 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2386 = stablehlo.reshape %2385 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2387 = stablehlo.add %2382, %2386 : tensor<1xf32> loc("map.attn.out")
    %2388 = stablehlo.multiply %2167, %2167 : tensor<32xf32> loc("map.attn.out")
    %2389 = stablehlo.reduce(%2388 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<32xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2390 = stablehlo.reshape %2389 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2391 = stablehlo.add %2387, %2390 : tensor<1xf32> loc("map.attn.out")
    %2392 = stablehlo.multiply %2169, %2169 : tensor<16x32xf32> loc("map.attn.out")
    %2393 = stablehlo.reduce(%2392 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x32xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2394 = stablehlo.reshape %2393 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2395 = stablehlo.reshape %2394 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2396 = stablehlo.add %2391, %2395 : tensor<1xf32> loc("map.attn.out")
    %2397 = stablehlo.multiply %2170, %2170 : tensor<16xf32> loc("map.attn.out")
    %2398 = stablehlo.reduce(%2397 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2399 = stablehlo.reshape %2398 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2400 = stablehlo.add %2396, %2399 : tensor<1xf32> loc("map.attn.out")
    %2401 = stablehlo.multiply %2172, %2172 : tensor<32x16xf32> loc("map.attn.out")
    %2402 = stablehlo.reduce(%2401 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<32x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2403 = stablehlo.reshape %2402 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2404 = stablehlo.reshape %2403 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2405 = stablehlo.add %2400, %2404 : tensor<1xf32> loc("map.attn.out")
    %2406 = stablehlo.multiply %2173, %2173 : tensor<16xf32> loc("map.attn.out")
    %2407 = stablehlo.reduce(%2406 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2408 = stablehlo.reshape %2407 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2409 = stablehlo.add %2405, %2408 : tensor<1xf32> loc("map.attn.out")
    %2410 = stablehlo.multiply %2175, %2175 : tensor<1x16xf32> loc("map.attn.out")
    %2411 = stablehlo.reduce(%2410 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<1x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2412 = stablehlo.reshape %2411 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2413 = stablehlo.reshape %2412 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2414 = stablehlo.add %2409, %2413 : tensor<1xf32> loc("map.attn.out")
    %2415 = stablehlo.multiply %2176, %2176 : tensor<16xf32> loc("map.attn.out")
    %2416 = stablehlo.reduce(%2415 init: %2346) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2417 = stablehlo.reshape %2416 : (tensor<f32>) -> tensor<1xf32> loc("map.attn.out")
    %2418 = stablehlo.add %2414, %2417 : tensor<1xf32> loc("map.attn.out")
    %2419 = stablehlo.multiply %2178, %2178 : tensor<4x16xf32> loc("map.attn.out")
    %2420 = stablehlo.reduce(%2419 init: %2346) applies stablehlo.add across dimensions = [0, 1] : (tensor<4x16xf32>, tensor<f32>) -> tensor<f32> loc("map.attn.out")
    %2421 = stablehlo.reshape %2420 : (tensor<f32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2422 = stablehlo.reshape %2421 : (tensor<1x1xf32>) -> tensor<1xf32> loc("map.attn.out")
    %2423 = stablehlo.add %2418, %2422 : tensor<1xf32> loc("map.attn.out")
    %2528:13 = "stablehlo.while"(%26, %2423, %2343#1, %2343#2, %2343#3, %2343#4, %2343#5, %2343#6, %2343#7, %2343#8, %2343#9, %2343#10, %2343#11) ({
    ^bb0(%2424: tensor<i32>, %2425: tensor<1xf32>, %2426: tensor<2x8xf32>, %2427: tensor<2x16x16xf32>, %2428: tensor<2x16x16xf32>, %2429: tensor<2x8xf32>, %2430: tensor<2x16x16xf32>, %2431: tensor<2x16x16xf32>, %2432: tensor<2x32xf32>, %2433: tensor<2x16x32xf32>, %2434: tensor<2x16xf32>, %2435: tensor<2x32x16xf32>, %2436: tensor<2x16xf32>):
      %2437 = stablehlo.constant dense<2> : tensor<i32> loc("map.attn.out")
      %2438 = stablehlo.compare LT, %2424, %2437, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("map.attn.out")
      stablehlo.return %2438 : tensor<i1>
    }, {
    ^bb0(%2439: tensor<i32>, %2440: tensor<1xf32>, %2441: tensor<2x8xf32>, %2442: tensor<2x16x16xf32>, %2443: tensor<2x16x16xf32>, %2444: tensor<2x8xf32>, %2445: tensor<2x16x16xf32>, %2446: tensor<2x16x16xf32>, %2447: tensor<2x32xf32>, %2448: tensor<2x16x32xf32>, %2449: tensor<2x16xf32>, %2450: tensor<2x32x16xf32>, %2451: tensor<2x16xf32>):
      %2452 = stablehlo.constant dense<0> : tensor<i32> loc("map.attn.out")
      %2453 = stablehlo.dynamic_slice %2441, %2439, %2452, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2454 = stablehlo.reshape %2453 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2455 = stablehlo.dynamic_slice %2442, %2439, %2452, %2452, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2456 = stablehlo.reshape %2455 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2457 = stablehlo.dynamic_slice %2443, %2439, %2452, %2452, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2458 = stablehlo.reshape %2457 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2459 = stablehlo.dynamic_slice %2444, %2439, %2452, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %2460 = stablehlo.reshape %2459 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %2461 = stablehlo.dynamic_slice %2445, %2439, %2452, %2452, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2462 = stablehlo.reshape %2461 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2463 = stablehlo.dynamic_slice %2446, %2439, %2452, %2452, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %2464 = stablehlo.reshape %2463 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %2465 = stablehlo.dynamic_slice %2447, %2439, %2452, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %2466 = stablehlo.reshape %2465 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %2467 = stablehlo.dynamic_slice %2448, %2439, %2452, %2452, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %2468 = stablehlo.reshape %2467 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %2469 = stablehlo.dynamic_slice %2449, %2439, %2452, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2470 = stablehlo.reshape %2469 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2471 = stablehlo.dynamic_slice %2450, %2439, %2452, %2452, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %2472 = stablehlo.reshape %2471 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %2473 = stablehlo.dynamic_slice %2451, %2439, %2452, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %2474 = stablehlo.reshape %2473 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %2475 = stablehlo.multiply %2454, %2454 : tensor<8xf32>
      %2476 = stablehlo.constant dense<0.0> : tensor<f32>
      %2477 = stablehlo.reduce(%2475 init: %2476) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
      %2478 = stablehlo.reshape %2477 : (tensor<f32>) -> tensor<1xf32>
      %2479 = stablehlo.add %2440, %2478 : tensor<1xf32>
      %2480 = stablehlo.multiply %2456, %2456 : tensor<16x16xf32>
      %2481 = stablehlo.reduce(%2480 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32>
      %2482 = stablehlo.reshape %2481 : (tensor<f32>) -> tensor<1x1xf32>
      %2483 = stablehlo.reshape %2482 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2484 = stablehlo.add %2479, %2483 : tensor<1xf32>
      %2485 = stablehlo.multiply %2458, %2458 : tensor<16x16xf32>
      %2486 = stablehlo.reduce(%2485 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32>
      %2487 = stablehlo.reshape %2486 : (tensor<f32>) -> tensor<1x1xf32>
      %2488 = stablehlo.reshape %2487 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2489 = stablehlo.add %2484, %2488 : tensor<1xf32>
      %2490 = stablehlo.multiply %2460, %2460 : tensor<8xf32>
      %2491 = stablehlo.reduce(%2490 init: %2476) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
      %2492 = stablehlo.reshape %2491 : (tensor<f32>) -> tensor<1xf32>
      %2493 = stablehlo.add %2489, %2492 : tensor<1xf32>
      %2494 = stablehlo.multiply %2462, %2462 : tensor<16x16xf32>
      %2495 = stablehlo.reduce(%2494 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32>
      %2496 = stablehlo.reshape %2495 : (tensor<f32>) -> tensor<1x1xf32>
      %2497 = stablehlo.reshape %2496 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2498 = stablehlo.add %2493, %2497 : tensor<1xf32>
      %2499 = stablehlo.multiply %2464, %2464 : tensor<16x16xf32>
      %2500 = stablehlo.reduce(%2499 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x16xf32>, tensor<f32>) -> tensor<f32>
      %2501 = stablehlo.reshape %2500 : (tensor<f32>) -> tensor<1x1xf32>
      %2502 = stablehlo.reshape %2501 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2503 = stablehlo.add %2498, %2502 : tensor<1xf32>
      %2504 = stablehlo.multiply %2466, %2466 : tensor<32xf32>
      %2505 = stablehlo.reduce(%2504 init: %2476) applies stablehlo.add across dimensions = [0] : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
      %2506 = stablehlo.reshape %2505 : (tensor<f32>) -> tensor<1xf32>
      %2507 = stablehlo.add %2503, %2506 : tensor<1xf32>
      %2508 = stablehlo.multiply %2468, %2468 : tensor<16x32xf32>
      %2509 = stablehlo.reduce(%2508 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<16x32xf32>, tensor<f32>) -> tensor<f32>
      %2510 = stablehlo.reshape %2509 : (tensor<f32>) -> tensor<1x1xf32>
      %2511 = stablehlo.reshape %2510 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2512 = stablehlo.add %2507, %2511 : tensor<1xf32>
      %2513 = stablehlo.multiply %2470, %2470 : tensor<16xf32>
      %2514 = stablehlo.reduce(%2513 init: %2476) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32>
      %2515 = stablehlo.reshape %2514 : (tensor<f32>) -> tensor<1xf32>
      %2516 = stablehlo.add %2512, %2515 : tensor<1xf32>
      %2517 = stablehlo.multiply %2472, %2472 : tensor<32x16xf32>
      %2518 = stablehlo.reduce(%2517 init: %2476) applies stablehlo.add across dimensions = [0, 1] : (tensor<32x16xf32>, tensor<f32>) -> tensor<f32>
      %2519 = stablehlo.reshape %2518 : (tensor<f32>) -> tensor<1x1xf32>
      %2520 = stablehlo.reshape %2519 : (tensor<1x1xf32>) -> tensor<1xf32>
      %2521 = stablehlo.add %2516, %2520 : tensor<1xf32>
      %2522 = stablehlo.multiply %2474, %2474 : tensor<16xf32>
      %2523 = stablehlo.reduce(%2522 init: %2476) applies stablehlo.add across dimensions = [0] : (tensor<16xf32>, tensor<f32>) -> tensor<f32>
      %2524 = stablehlo.reshape %2523 : (tensor<f32>) -> tensor<1xf32>
      %2525 = stablehlo.add %2521, %2524 : tensor<1xf32>
      %2526 = stablehlo.constant dense<1> : tensor<i32>
      %2527 = stablehlo.add %2439, %2526 : tensor<i32>
      stablehlo.return %2527, %2525, %2441, %2442, %2443, %2444, %2445, %2446, %2447, %2448, %2449, %2450, %2451 : tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>
    }) : (tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>) -> (tensor<i32>, tensor<1xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>)
    %2529 = stablehlo.sqrt %2528#1 : tensor<1xf32> loc("map.attn.out")
    %2530 = stablehlo.constant dense<1.0> : tensor<1xf32>
    %2531 = stablehlo.compare LE, %2529, %2530, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1> loc("map.attn.out")
    %2532 = stablehlo.select %2531, %2530, %2529 : tensor<1xi1>, tensor<1xf32> loc("map.attn.out")
    %2533 = stablehlo.divide %2530, %2532 : tensor<1xf32> loc("map.attn.out")
    %2534 = stablehlo.multiply %2533, %2530 : tensor<1xf32> loc("map.attn.out")
    %2535 = stablehlo.constant dense<0.001> : tensor<1xf32>
    %2536 = stablehlo.multiply %2530, %2535 : tensor<1xf32>
    %2537 = stablehlo.constant dense<10000.0> : tensor<1xf32>
    %2538 = stablehlo.subtract %2344, %2537 : tensor<1xf32>
    %2539 = stablehlo.compare LE, %2538, %226, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2540 = stablehlo.select %2539, %226, %2538 : tensor<1xi1>, tensor<1xf32>
    %2541 = stablehlo.divide %2540, %2537 : tensor<1xf32>
    %2542 = stablehlo.add %2541, %2530 : tensor<1xf32>
    %2543 = stablehlo.sqrt %2542 : tensor<1xf32>
    %2544 = stablehlo.divide %2530, %2543 : tensor<1xf32>
    %2545 = stablehlo.divide %2344, %2537 : tensor<1xf32>
    %2546 = stablehlo.compare GE, %2545, %2530, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2547 = stablehlo.select %2546, %2530, %2545 : tensor<1xi1>, tensor<1xf32>
    %2548 = stablehlo.multiply %2544, %2547 : tensor<1xf32>
    %2549 = stablehlo.negate %2344 : tensor<1xf32>
    %2550 = stablehlo.constant dense<177000.0> : tensor<1xf32>
    %2551 = stablehlo.add %2549, %2550 : tensor<1xf32>
    %2552 = stablehlo.constant dense<30000.0> : tensor<1xf32>
    %2553 = stablehlo.divide %2551, %2552 : tensor<1xf32>
    %2554 = stablehlo.compare LT, %2553, %226, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2555 = stablehlo.select %2554, %226, %2553 : tensor<1xi1>, tensor<1xf32>
    %2556 = stablehlo.compare GT, %2555, %2530, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2557 = stablehlo.select %2556, %2530, %2555 : tensor<1xi1>, tensor<1xf32>
    %2558 = stablehlo.multiply %2548, %2557 : tensor<1xf32>
    %2559 = stablehlo.multiply %2536, %2558 : tensor<1xf32>
    %2560 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2561 = stablehlo.multiply %2155, %2560 : tensor<16xf32> loc("map.attn.out")
    %2562 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1x1x1xf32> loc("map.attn.out")
    %2563 = stablehlo.broadcast_in_dim %2562, dims = [0, 1, 2, 3] : (tensor<1x1x1x1xf32>) -> tensor<16x3x4x4xf32> loc("map.attn.out")
    %2564 = stablehlo.multiply %2157, %2563 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2565 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2566 = stablehlo.multiply %2158, %2565 : tensor<16xf32> loc("map.attn.out")
    %2567 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2568 = stablehlo.broadcast_in_dim %2567, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2569 = stablehlo.multiply %2160, %2568 : tensor<16x16xf32> loc("map.attn.out")
    %2570 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2571 = stablehlo.broadcast_in_dim %2570, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2572 = stablehlo.multiply %2161, %2571 : tensor<16x16xf32> loc("map.attn.out")
    %2573 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2574 = stablehlo.multiply %2162, %2573 : tensor<16xf32> loc("map.attn.out")
    %2575 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2576 = stablehlo.broadcast_in_dim %2575, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2577 = stablehlo.multiply %2163, %2576 : tensor<16x16xf32> loc("map.attn.out")
    %2578 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2579 = stablehlo.broadcast_in_dim %2578, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2580 = stablehlo.multiply %2164, %2579 : tensor<16x16xf32> loc("map.attn.out")
    %2581 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2582 = stablehlo.broadcast_in_dim %2581, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2583 = stablehlo.multiply %2165, %2582 : tensor<16x16xf32> loc("map.attn.out")
    %2584 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("map.attn.out")
    %2585 = stablehlo.multiply %2167, %2584 : tensor<32xf32> loc("map.attn.out")
    %2586 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2587 = stablehlo.broadcast_in_dim %2586, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("map.attn.out")
    %2588 = stablehlo.multiply %2169, %2587 : tensor<16x32xf32> loc("map.attn.out")
    %2589 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2590 = stablehlo.multiply %2170, %2589 : tensor<16xf32> loc("map.attn.out")
    %2591 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2592 = stablehlo.broadcast_in_dim %2591, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("map.attn.out")
    %2593 = stablehlo.multiply %2172, %2592 : tensor<32x16xf32> loc("map.attn.out")
    %2594 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2595 = stablehlo.multiply %2173, %2594 : tensor<16xf32> loc("map.attn.out")
    %2596 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2597 = stablehlo.broadcast_in_dim %2596, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<1x16xf32> loc("map.attn.out")
    %2598 = stablehlo.multiply %2175, %2597 : tensor<1x16xf32> loc("map.attn.out")
    %2599 = stablehlo.broadcast_in_dim %2534, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2600 = stablehlo.multiply %2176, %2599 : tensor<16xf32> loc("map.attn.out")
    %2601 = stablehlo.reshape %2534 : (tensor<1xf32>) -> tensor<1x1xf32> loc("map.attn.out")
    %2602 = stablehlo.broadcast_in_dim %2601, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<4x16xf32> loc("map.attn.out")
    %2603 = stablehlo.multiply %2178, %2602 : tensor<4x16xf32> loc("map.attn.out")
    %2604 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2605 = stablehlo.constant dense<-0.8> : tensor<1xf32>
    %2606 = stablehlo.power %2604, %2605 : tensor<1xf32>
    %2607 = stablehlo.negate %2606 : tensor<1xf32>
    %2608 = stablehlo.add %2607, %2530 : tensor<1xf32>
    %2609 = stablehlo.constant dense<0.999> : tensor<1xf32>
    %2610 = stablehlo.compare GE, %2608, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2611 = stablehlo.select %2610, %2609, %2608 : tensor<1xi1>, tensor<1xf32>
    %2612 = stablehlo.multiply %2561, %2561 : tensor<16xf32> loc("map.attn.out")
    %2613 = stablehlo.constant dense<1.0e-30> : tensor<16xf32> loc("map.attn.out")
    %2614 = stablehlo.add %2612, %2613 : tensor<16xf32> loc("map.attn.out")
    %2615 = stablehlo.broadcast_in_dim %2611, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2616 = stablehlo.multiply %arg67, %2615 : tensor<16xf32>
    %2617 = stablehlo.negate %2611 : tensor<1xf32>
    %2618 = stablehlo.add %2617, %2530 : tensor<1xf32>
    %2619 = stablehlo.broadcast_in_dim %2618, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2620 = stablehlo.multiply %2614, %2619 : tensor<16xf32> loc("map.attn.out")
    %2621 = stablehlo.add %2616, %2620 : tensor<16xf32> loc("map.attn.out")
    %2622 = stablehlo.sqrt %2621 : tensor<16xf32> loc("map.attn.out")
    %2623 = stablehlo.constant dense<1.0> : tensor<16xf32> loc("map.attn.out")
    %2624 = stablehlo.divide %2623, %2622 : tensor<16xf32> loc("map.attn.out")
    %2625 = stablehlo.multiply %2561, %2624 : tensor<16xf32> loc("map.attn.out")
    %2626 = stablehlo.constant dense<0.8984375> : tensor<16xbf16>
    %2627 = stablehlo.multiply %arg39, %2626 : tensor<16xbf16>
    %2628 = stablehlo.convert %2627 : (tensor<16xbf16>) -> tensor<16xf32>
    %2629 = stablehlo.constant dense<0.1> : tensor<16xf32> loc("map.attn.out")
    %2630 = stablehlo.multiply %2625, %2629 : tensor<16xf32> loc("map.attn.out")
    %2631 = stablehlo.add %2628, %2630 : tensor<16xf32> loc("map.attn.out")
    %2632 = stablehlo.convert %2631 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %2633 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2634 = stablehlo.power %2633, %2605 : tensor<1xf32>
    %2635 = stablehlo.negate %2634 : tensor<1xf32>
    %2636 = stablehlo.add %2635, %2530 : tensor<1xf32>
    %2637 = stablehlo.compare GE, %2636, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2638 = stablehlo.select %2637, %2609, %2636 : tensor<1xi1>, tensor<1xf32>
    %2639 = stablehlo.reshape %2638 : (tensor<1xf32>) -> tensor<1x1x1x1xf32>
    %2640 = stablehlo.multiply %2564, %2564 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2641 = stablehlo.constant dense<1.0e-30> : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2642 = stablehlo.add %2640, %2641 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2643 = stablehlo.broadcast_in_dim %2639, dims = [0, 1, 2, 3] : (tensor<1x1x1x1xf32>) -> tensor<16x3x4x4xf32>
    %2644 = stablehlo.multiply %arg68, %2643 : tensor<16x3x4x4xf32>
    %2645 = stablehlo.negate %2639 : tensor<1x1x1x1xf32>
    %2646 = stablehlo.constant dense<1.0> : tensor<1x1x1x1xf32>
    %2647 = stablehlo.add %2645, %2646 : tensor<1x1x1x1xf32>
    %2648 = stablehlo.broadcast_in_dim %2647, dims = [0, 1, 2, 3] : (tensor<1x1x1x1xf32>) -> tensor<16x3x4x4xf32> loc("map.attn.out")
    %2649 = stablehlo.multiply %2642, %2648 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2650 = stablehlo.add %2644, %2649 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2651 = stablehlo.sqrt %2650 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2652 = stablehlo.constant dense<1.0> : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2653 = stablehlo.divide %2652, %2651 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2654 = stablehlo.multiply %2564, %2653 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2655 = stablehlo.constant dense<0.8984375> : tensor<16x3x4x4xbf16>
    %2656 = stablehlo.multiply %arg40, %2655 : tensor<16x3x4x4xbf16>
    %2657 = stablehlo.convert %2656 : (tensor<16x3x4x4xbf16>) -> tensor<16x3x4x4xf32>
    %2658 = stablehlo.constant dense<0.1> : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2659 = stablehlo.multiply %2654, %2658 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2660 = stablehlo.add %2657, %2659 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %2661 = stablehlo.convert %2660 : (tensor<16x3x4x4xf32>) -> tensor<16x3x4x4xbf16> loc("map.attn.out")
    %2662 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2663 = stablehlo.power %2662, %2605 : tensor<1xf32>
    %2664 = stablehlo.negate %2663 : tensor<1xf32>
    %2665 = stablehlo.add %2664, %2530 : tensor<1xf32>
    %2666 = stablehlo.compare GE, %2665, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2667 = stablehlo.select %2666, %2609, %2665 : tensor<1xi1>, tensor<1xf32>
    %2668 = stablehlo.multiply %2566, %2566 : tensor<16xf32> loc("map.attn.out")
    %2669 = stablehlo.add %2668, %2613 : tensor<16xf32> loc("map.attn.out")
    %2670 = stablehlo.broadcast_in_dim %2667, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2671 = stablehlo.multiply %arg69, %2670 : tensor<16xf32>
    %2672 = stablehlo.negate %2667 : tensor<1xf32>
    %2673 = stablehlo.add %2672, %2530 : tensor<1xf32>
    %2674 = stablehlo.broadcast_in_dim %2673, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2675 = stablehlo.multiply %2669, %2674 : tensor<16xf32> loc("map.attn.out")
    %2676 = stablehlo.add %2671, %2675 : tensor<16xf32> loc("map.attn.out")
    %2677 = stablehlo.sqrt %2676 : tensor<16xf32> loc("map.attn.out")
    %2678 = stablehlo.divide %2623, %2677 : tensor<16xf32> loc("map.attn.out")
    %2679 = stablehlo.multiply %2566, %2678 : tensor<16xf32> loc("map.attn.out")
    %2680 = stablehlo.multiply %arg41, %2626 : tensor<16xbf16>
    %2681 = stablehlo.convert %2680 : (tensor<16xbf16>) -> tensor<16xf32>
    %2682 = stablehlo.multiply %2679, %2629 : tensor<16xf32> loc("map.attn.out")
    %2683 = stablehlo.add %2681, %2682 : tensor<16xf32> loc("map.attn.out")
    %2684 = stablehlo.convert %2683 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %2685 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2686 = stablehlo.power %2685, %2605 : tensor<1xf32>
    %2687 = stablehlo.negate %2686 : tensor<1xf32>
    %2688 = stablehlo.add %2687, %2530 : tensor<1xf32>
    %2689 = stablehlo.compare GE, %2688, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2690 = stablehlo.select %2689, %2609, %2688 : tensor<1xi1>, tensor<1xf32>
    %2691 = stablehlo.reshape %2690 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2692 = stablehlo.multiply %2569, %2569 : tensor<16x16xf32> loc("map.attn.out")
    %2693 = stablehlo.constant dense<1.0e-30> : tensor<16x16xf32> loc("map.attn.out")
    %2694 = stablehlo.add %2692, %2693 : tensor<16x16xf32> loc("map.attn.out")
    %2695 = stablehlo.broadcast_in_dim %2691, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
    %2696 = stablehlo.multiply %arg70, %2695 : tensor<16x16xf32>
    %2697 = stablehlo.negate %2691 : tensor<1x1xf32>
    %2698 = stablehlo.constant dense<1.0> : tensor<1x1xf32>
    %2699 = stablehlo.add %2697, %2698 : tensor<1x1xf32>
    %2700 = stablehlo.broadcast_in_dim %2699, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2701 = stablehlo.multiply %2694, %2700 : tensor<16x16xf32> loc("map.attn.out")
    %2702 = stablehlo.add %2696, %2701 : tensor<16x16xf32> loc("map.attn.out")
    %2703 = stablehlo.sqrt %2702 : tensor<16x16xf32> loc("map.attn.out")
    %2704 = stablehlo.constant dense<1.0> : tensor<16x16xf32> loc("map.attn.out")
    %2705 = stablehlo.divide %2704, %2703 : tensor<16x16xf32> loc("map.attn.out")
    %2706 = stablehlo.multiply %2569, %2705 : tensor<16x16xf32> loc("map.attn.out")
    %2707 = stablehlo.constant dense<0.8984375> : tensor<16x16xbf16>
    %2708 = stablehlo.multiply %arg42, %2707 : tensor<16x16xbf16>
    %2709 = stablehlo.convert %2708 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %2710 = stablehlo.constant dense<0.1> : tensor<16x16xf32> loc("map.attn.out")
    %2711 = stablehlo.multiply %2706, %2710 : tensor<16x16xf32> loc("map.attn.out")
    %2712 = stablehlo.add %2709, %2711 : tensor<16x16xf32> loc("map.attn.out")
    %2713 = stablehlo.convert %2712 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %2714 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2715 = stablehlo.power %2714, %2605 : tensor<1xf32>
    %2716 = stablehlo.negate %2715 : tensor<1xf32>
    %2717 = stablehlo.add %2716, %2530 : tensor<1xf32>
    %2718 = stablehlo.compare GE, %2717, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2719 = stablehlo.select %2718, %2609, %2717 : tensor<1xi1>, tensor<1xf32>
    %2720 = stablehlo.reshape %2719 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2721 = stablehlo.multiply %2572, %2572 : tensor<16x16xf32> loc("map.attn.out")
    %2722 = stablehlo.add %2721, %2693 : tensor<16x16xf32> loc("map.attn.out")
    %2723 = stablehlo.broadcast_in_dim %2720, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
    %2724 = stablehlo.multiply %arg71, %2723 : tensor<16x16xf32>
    %2725 = stablehlo.negate %2720 : tensor<1x1xf32>
    %2726 = stablehlo.add %2725, %2698 : tensor<1x1xf32>
    %2727 = stablehlo.broadcast_in_dim %2726, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2728 = stablehlo.multiply %2722, %2727 : tensor<16x16xf32> loc("map.attn.out")
    %2729 = stablehlo.add %2724, %2728 : tensor<16x16xf32> loc("map.attn.out")
    %2730 = stablehlo.sqrt %2729 : tensor<16x16xf32> loc("map.attn.out")
    %2731 = stablehlo.divide %2704, %2730 : tensor<16x16xf32> loc("map.attn.out")
    %2732 = stablehlo.multiply %2572, %2731 : tensor<16x16xf32> loc("map.attn.out")
    %2733 = stablehlo.multiply %arg43, %2707 : tensor<16x16xbf16>
    %2734 = stablehlo.convert %2733 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %2735 = stablehlo.multiply %2732, %2710 : tensor<16x16xf32> loc("map.attn.out")
    %2736 = stablehlo.add %2734, %2735 : tensor<16x16xf32> loc("map.attn.out")
    %2737 = stablehlo.convert %2736 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %2738 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2739 = stablehlo.power %2738, %2605 : tensor<1xf32>
    %2740 = stablehlo.negate %2739 : tensor<1xf32>
    %2741 = stablehlo.add %2740, %2530 : tensor<1xf32>
    %2742 = stablehlo.compare GE, %2741, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2743 = stablehlo.select %2742, %2609, %2741 : tensor<1xi1>, tensor<1xf32>
    %2744 = stablehlo.multiply %2574, %2574 : tensor<16xf32> loc("map.attn.out")
    %2745 = stablehlo.add %2744, %2613 : tensor<16xf32> loc("map.attn.out")
    %2746 = stablehlo.broadcast_in_dim %2743, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2747 = stablehlo.multiply %arg72, %2746 : tensor<16xf32>
    %2748 = stablehlo.negate %2743 : tensor<1xf32>
    %2749 = stablehlo.add %2748, %2530 : tensor<1xf32>
    %2750 = stablehlo.broadcast_in_dim %2749, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2751 = stablehlo.multiply %2745, %2750 : tensor<16xf32> loc("map.attn.out")
    %2752 = stablehlo.add %2747, %2751 : tensor<16xf32> loc("map.attn.out")
    %2753 = stablehlo.sqrt %2752 : tensor<16xf32> loc("map.attn.out")
    %2754 = stablehlo.divide %2623, %2753 : tensor<16xf32> loc("map.attn.out")
    %2755 = stablehlo.multiply %2574, %2754 : tensor<16xf32> loc("map.attn.out")
    %2756 = stablehlo.multiply %arg44, %2626 : tensor<16xbf16>
    %2757 = stablehlo.convert %2756 : (tensor<16xbf16>) -> tensor<16xf32>
    %2758 = stablehlo.multiply %2755, %2629 : tensor<16xf32> loc("map.attn.out")
    %2759 = stablehlo.add %2757, %2758 : tensor<16xf32> loc("map.attn.out")
    %2760 = stablehlo.convert %2759 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %2761 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2762 = stablehlo.power %2761, %2605 : tensor<1xf32>
    %2763 = stablehlo.negate %2762 : tensor<1xf32>
    %2764 = stablehlo.add %2763, %2530 : tensor<1xf32>
    %2765 = stablehlo.compare GE, %2764, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2766 = stablehlo.select %2765, %2609, %2764 : tensor<1xi1>, tensor<1xf32>
    %2767 = stablehlo.reshape %2766 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2768 = stablehlo.multiply %2577, %2577 : tensor<16x16xf32> loc("map.attn.out")
    %2769 = stablehlo.add %2768, %2693 : tensor<16x16xf32> loc("map.attn.out")
    %2770 = stablehlo.broadcast_in_dim %2767, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
    %2771 = stablehlo.multiply %arg73, %2770 : tensor<16x16xf32>
    %2772 = stablehlo.negate %2767 : tensor<1x1xf32>
    %2773 = stablehlo.add %2772, %2698 : tensor<1x1xf32>
    %2774 = stablehlo.broadcast_in_dim %2773, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2775 = stablehlo.multiply %2769, %2774 : tensor<16x16xf32> loc("map.attn.out")
    %2776 = stablehlo.add %2771, %2775 : tensor<16x16xf32> loc("map.attn.out")
    %2777 = stablehlo.sqrt %2776 : tensor<16x16xf32> loc("map.attn.out")
    %2778 = stablehlo.divide %2704, %2777 : tensor<16x16xf32> loc("map.attn.out")
    %2779 = stablehlo.multiply %2577, %2778 : tensor<16x16xf32> loc("map.attn.out")
    %2780 = stablehlo.multiply %arg45, %2707 : tensor<16x16xbf16>
    %2781 = stablehlo.convert %2780 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %2782 = stablehlo.multiply %2779, %2710 : tensor<16x16xf32> loc("map.attn.out")
    %2783 = stablehlo.add %2781, %2782 : tensor<16x16xf32> loc("map.attn.out")
    %2784 = stablehlo.convert %2783 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %2785 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2786 = stablehlo.power %2785, %2605 : tensor<1xf32>
    %2787 = stablehlo.negate %2786 : tensor<1xf32>
    %2788 = stablehlo.add %2787, %2530 : tensor<1xf32>
    %2789 = stablehlo.compare GE, %2788, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2790 = stablehlo.select %2789, %2609, %2788 : tensor<1xi1>, tensor<1xf32>
    %2791 = stablehlo.reshape %2790 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2792 = stablehlo.multiply %2580, %2580 : tensor<16x16xf32> loc("map.attn.out")
    %2793 = stablehlo.add %2792, %2693 : tensor<16x16xf32> loc("map.attn.out")
    %2794 = stablehlo.broadcast_in_dim %2791, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
    %2795 = stablehlo.multiply %arg74, %2794 : tensor<16x16xf32>
    %2796 = stablehlo.negate %2791 : tensor<1x1xf32>
    %2797 = stablehlo.add %2796, %2698 : tensor<1x1xf32>
    %2798 = stablehlo.broadcast_in_dim %2797, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2799 = stablehlo.multiply %2793, %2798 : tensor<16x16xf32> loc("map.attn.out")
    %2800 = stablehlo.add %2795, %2799 : tensor<16x16xf32> loc("map.attn.out")
    %2801 = stablehlo.sqrt %2800 : tensor<16x16xf32> loc("map.attn.out")
    %2802 = stablehlo.divide %2704, %2801 : tensor<16x16xf32> loc("map.attn.out")
    %2803 = stablehlo.multiply %2580, %2802 : tensor<16x16xf32> loc("map.attn.out")
    %2804 = stablehlo.multiply %arg46, %2707 : tensor<16x16xbf16>
    %2805 = stablehlo.convert %2804 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %2806 = stablehlo.multiply %2803, %2710 : tensor<16x16xf32> loc("map.attn.out")
    %2807 = stablehlo.add %2805, %2806 : tensor<16x16xf32> loc("map.attn.out")
    %2808 = stablehlo.convert %2807 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %2809 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2810 = stablehlo.power %2809, %2605 : tensor<1xf32>
    %2811 = stablehlo.negate %2810 : tensor<1xf32>
    %2812 = stablehlo.add %2811, %2530 : tensor<1xf32>
    %2813 = stablehlo.compare GE, %2812, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2814 = stablehlo.select %2813, %2609, %2812 : tensor<1xi1>, tensor<1xf32>
    %2815 = stablehlo.reshape %2814 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2816 = stablehlo.multiply %2583, %2583 : tensor<16x16xf32> loc("map.attn.out")
    %2817 = stablehlo.add %2816, %2693 : tensor<16x16xf32> loc("map.attn.out")
    %2818 = stablehlo.broadcast_in_dim %2815, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
    %2819 = stablehlo.multiply %arg75, %2818 : tensor<16x16xf32>
    %2820 = stablehlo.negate %2815 : tensor<1x1xf32>
    %2821 = stablehlo.add %2820, %2698 : tensor<1x1xf32>
    %2822 = stablehlo.broadcast_in_dim %2821, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %2823 = stablehlo.multiply %2817, %2822 : tensor<16x16xf32> loc("map.attn.out")
    %2824 = stablehlo.add %2819, %2823 : tensor<16x16xf32> loc("map.attn.out")
    %2825 = stablehlo.sqrt %2824 : tensor<16x16xf32> loc("map.attn.out")
    %2826 = stablehlo.divide %2704, %2825 : tensor<16x16xf32> loc("map.attn.out")
    %2827 = stablehlo.multiply %2583, %2826 : tensor<16x16xf32> loc("map.attn.out")
    %2828 = stablehlo.multiply %arg47, %2707 : tensor<16x16xbf16>
    %2829 = stablehlo.convert %2828 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
    %2830 = stablehlo.multiply %2827, %2710 : tensor<16x16xf32> loc("map.attn.out")
    %2831 = stablehlo.add %2829, %2830 : tensor<16x16xf32> loc("map.attn.out")
    %2832 = stablehlo.convert %2831 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("map.attn.out")
    %2833 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2834 = stablehlo.power %2833, %2605 : tensor<1xf32>
    %2835 = stablehlo.negate %2834 : tensor<1xf32>
    %2836 = stablehlo.add %2835, %2530 : tensor<1xf32>
    %2837 = stablehlo.compare GE, %2836, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2838 = stablehlo.select %2837, %2609, %2836 : tensor<1xi1>, tensor<1xf32>
    %2839 = stablehlo.multiply %2585, %2585 : tensor<32xf32> loc("map.attn.out")
    %2840 = stablehlo.constant dense<1.0e-30> : tensor<32xf32> loc("map.attn.out")
    %2841 = stablehlo.add %2839, %2840 : tensor<32xf32> loc("map.attn.out")
    %2842 = stablehlo.broadcast_in_dim %2838, dims = [0] : (tensor<1xf32>) -> tensor<32xf32>
    %2843 = stablehlo.multiply %arg76, %2842 : tensor<32xf32>
    %2844 = stablehlo.negate %2838 : tensor<1xf32>
    %2845 = stablehlo.add %2844, %2530 : tensor<1xf32>
    %2846 = stablehlo.broadcast_in_dim %2845, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("map.attn.out")
    %2847 = stablehlo.multiply %2841, %2846 : tensor<32xf32> loc("map.attn.out")
    %2848 = stablehlo.add %2843, %2847 : tensor<32xf32> loc("map.attn.out")
    %2849 = stablehlo.sqrt %2848 : tensor<32xf32> loc("map.attn.out")
    %2850 = stablehlo.constant dense<1.0> : tensor<32xf32> loc("map.attn.out")
    %2851 = stablehlo.divide %2850, %2849 : tensor<32xf32> loc("map.attn.out")
    %2852 = stablehlo.multiply %2585, %2851 : tensor<32xf32> loc("map.attn.out")
    %2853 = stablehlo.constant dense<0.8984375> : tensor<32xbf16>
    %2854 = stablehlo.multiply %arg48, %2853 : tensor<32xbf16>
    %2855 = stablehlo.convert %2854 : (tensor<32xbf16>) -> tensor<32xf32>
    %2856 = stablehlo.constant dense<0.1> : tensor<32xf32> loc("map.attn.out")
    %2857 = stablehlo.multiply %2852, %2856 : tensor<32xf32> loc("map.attn.out")
    %2858 = stablehlo.add %2855, %2857 : tensor<32xf32> loc("map.attn.out")
    %2859 = stablehlo.convert %2858 : (tensor<32xf32>) -> tensor<32xbf16> loc("map.attn.out")
    %2860 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2861 = stablehlo.power %2860, %2605 : tensor<1xf32>
    %2862 = stablehlo.negate %2861 : tensor<1xf32>
    %2863 = stablehlo.add %2862, %2530 : tensor<1xf32>
    %2864 = stablehlo.compare GE, %2863, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2865 = stablehlo.select %2864, %2609, %2863 : tensor<1xi1>, tensor<1xf32>
    %2866 = stablehlo.reshape %2865 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2867 = stablehlo.multiply %2588, %2588 : tensor<16x32xf32> loc("map.attn.out")
    %2868 = stablehlo.constant dense<1.0e-30> : tensor<16x32xf32> loc("map.attn.out")
    %2869 = stablehlo.add %2867, %2868 : tensor<16x32xf32> loc("map.attn.out")
    %2870 = stablehlo.broadcast_in_dim %2866, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32>
    %2871 = stablehlo.multiply %arg77, %2870 : tensor<16x32xf32>
    %2872 = stablehlo.negate %2866 : tensor<1x1xf32>
    %2873 = stablehlo.add %2872, %2698 : tensor<1x1xf32>
    %2874 = stablehlo.broadcast_in_dim %2873, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("map.attn.out")
    %2875 = stablehlo.multiply %2869, %2874 : tensor<16x32xf32> loc("map.attn.out")
    %2876 = stablehlo.add %2871, %2875 : tensor<16x32xf32> loc("map.attn.out")
    %2877 = stablehlo.sqrt %2876 : tensor<16x32xf32> loc("map.attn.out")
    %2878 = stablehlo.constant dense<1.0> : tensor<16x32xf32> loc("map.attn.out")
    %2879 = stablehlo.divide %2878, %2877 : tensor<16x32xf32> loc("map.attn.out")
    %2880 = stablehlo.multiply %2588, %2879 : tensor<16x32xf32> loc("map.attn.out")
    %2881 = stablehlo.constant dense<0.8984375> : tensor<16x32xbf16>
    %2882 = stablehlo.multiply %arg49, %2881 : tensor<16x32xbf16>
    %2883 = stablehlo.convert %2882 : (tensor<16x32xbf16>) -> tensor<16x32xf32>
    %2884 = stablehlo.constant dense<0.1> : tensor<16x32xf32> loc("map.attn.out")
    %2885 = stablehlo.multiply %2880, %2884 : tensor<16x32xf32> loc("map.attn.out")
    %2886 = stablehlo.add %2883, %2885 : tensor<16x32xf32> loc("map.attn.out")
    %2887 = stablehlo.convert %2886 : (tensor<16x32xf32>) -> tensor<16x32xbf16> loc("map.attn.out")
    %2888 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2889 = stablehlo.power %2888, %2605 : tensor<1xf32>
    %2890 = stablehlo.negate %2889 : tensor<1xf32>
    %2891 = stablehlo.add %2890, %2530 : tensor<1xf32>
    %2892 = stablehlo.compare GE, %2891, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2893 = stablehlo.select %2892, %2609, %2891 : tensor<1xi1>, tensor<1xf32>
    %2894 = stablehlo.multiply %2590, %2590 : tensor<16xf32> loc("map.attn.out")
    %2895 = stablehlo.add %2894, %2613 : tensor<16xf32> loc("map.attn.out")
    %2896 = stablehlo.broadcast_in_dim %2893, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2897 = stablehlo.multiply %arg78, %2896 : tensor<16xf32>
    %2898 = stablehlo.negate %2893 : tensor<1xf32>
    %2899 = stablehlo.add %2898, %2530 : tensor<1xf32>
    %2900 = stablehlo.broadcast_in_dim %2899, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2901 = stablehlo.multiply %2895, %2900 : tensor<16xf32> loc("map.attn.out")
    %2902 = stablehlo.add %2897, %2901 : tensor<16xf32> loc("map.attn.out")
    %2903 = stablehlo.sqrt %2902 : tensor<16xf32> loc("map.attn.out")
    %2904 = stablehlo.divide %2623, %2903 : tensor<16xf32> loc("map.attn.out")
    %2905 = stablehlo.multiply %2590, %2904 : tensor<16xf32> loc("map.attn.out")
    %2906 = stablehlo.multiply %arg50, %2626 : tensor<16xbf16>
    %2907 = stablehlo.convert %2906 : (tensor<16xbf16>) -> tensor<16xf32>
    %2908 = stablehlo.multiply %2905, %2629 : tensor<16xf32> loc("map.attn.out")
    %2909 = stablehlo.add %2907, %2908 : tensor<16xf32> loc("map.attn.out")
    %2910 = stablehlo.convert %2909 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %2911 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2912 = stablehlo.power %2911, %2605 : tensor<1xf32>
    %2913 = stablehlo.negate %2912 : tensor<1xf32>
    %2914 = stablehlo.add %2913, %2530 : tensor<1xf32>
    %2915 = stablehlo.compare GE, %2914, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2916 = stablehlo.select %2915, %2609, %2914 : tensor<1xi1>, tensor<1xf32>
    %2917 = stablehlo.reshape %2916 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2918 = stablehlo.multiply %2593, %2593 : tensor<32x16xf32> loc("map.attn.out")
    %2919 = stablehlo.constant dense<1.0e-30> : tensor<32x16xf32> loc("map.attn.out")
    %2920 = stablehlo.add %2918, %2919 : tensor<32x16xf32> loc("map.attn.out")
    %2921 = stablehlo.broadcast_in_dim %2917, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32>
    %2922 = stablehlo.multiply %arg79, %2921 : tensor<32x16xf32>
    %2923 = stablehlo.negate %2917 : tensor<1x1xf32>
    %2924 = stablehlo.add %2923, %2698 : tensor<1x1xf32>
    %2925 = stablehlo.broadcast_in_dim %2924, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("map.attn.out")
    %2926 = stablehlo.multiply %2920, %2925 : tensor<32x16xf32> loc("map.attn.out")
    %2927 = stablehlo.add %2922, %2926 : tensor<32x16xf32> loc("map.attn.out")
    %2928 = stablehlo.sqrt %2927 : tensor<32x16xf32> loc("map.attn.out")
    %2929 = stablehlo.constant dense<1.0> : tensor<32x16xf32> loc("map.attn.out")
    %2930 = stablehlo.divide %2929, %2928 : tensor<32x16xf32> loc("map.attn.out")
    %2931 = stablehlo.multiply %2593, %2930 : tensor<32x16xf32> loc("map.attn.out")
    %2932 = stablehlo.constant dense<0.8984375> : tensor<32x16xbf16>
    %2933 = stablehlo.multiply %arg51, %2932 : tensor<32x16xbf16>
    %2934 = stablehlo.convert %2933 : (tensor<32x16xbf16>) -> tensor<32x16xf32>
    %2935 = stablehlo.constant dense<0.1> : tensor<32x16xf32> loc("map.attn.out")
    %2936 = stablehlo.multiply %2931, %2935 : tensor<32x16xf32> loc("map.attn.out")
    %2937 = stablehlo.add %2934, %2936 : tensor<32x16xf32> loc("map.attn.out")
    %2938 = stablehlo.convert %2937 : (tensor<32x16xf32>) -> tensor<32x16xbf16> loc("map.attn.out")
    %2939 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2940 = stablehlo.power %2939, %2605 : tensor<1xf32>
    %2941 = stablehlo.negate %2940 : tensor<1xf32>
    %2942 = stablehlo.add %2941, %2530 : tensor<1xf32>
    %2943 = stablehlo.compare GE, %2942, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2944 = stablehlo.select %2943, %2609, %2942 : tensor<1xi1>, tensor<1xf32>
    %2945 = stablehlo.multiply %2595, %2595 : tensor<16xf32> loc("map.attn.out")
    %2946 = stablehlo.add %2945, %2613 : tensor<16xf32> loc("map.attn.out")
    %2947 = stablehlo.broadcast_in_dim %2944, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2948 = stablehlo.multiply %arg80, %2947 : tensor<16xf32>
    %2949 = stablehlo.negate %2944 : tensor<1xf32>
    %2950 = stablehlo.add %2949, %2530 : tensor<1xf32>
    %2951 = stablehlo.broadcast_in_dim %2950, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %2952 = stablehlo.multiply %2946, %2951 : tensor<16xf32> loc("map.attn.out")
    %2953 = stablehlo.add %2948, %2952 : tensor<16xf32> loc("map.attn.out")
    %2954 = stablehlo.sqrt %2953 : tensor<16xf32> loc("map.attn.out")
    %2955 = stablehlo.divide %2623, %2954 : tensor<16xf32> loc("map.attn.out")
    %2956 = stablehlo.multiply %2595, %2955 : tensor<16xf32> loc("map.attn.out")
    %2957 = stablehlo.multiply %arg52, %2626 : tensor<16xbf16>
    %2958 = stablehlo.convert %2957 : (tensor<16xbf16>) -> tensor<16xf32>
    %2959 = stablehlo.multiply %2956, %2629 : tensor<16xf32> loc("map.attn.out")
    %2960 = stablehlo.add %2958, %2959 : tensor<16xf32> loc("map.attn.out")
    %2961 = stablehlo.convert %2960 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %2962 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2963 = stablehlo.power %2962, %2605 : tensor<1xf32>
    %2964 = stablehlo.negate %2963 : tensor<1xf32>
    %2965 = stablehlo.add %2964, %2530 : tensor<1xf32>
    %2966 = stablehlo.compare GE, %2965, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2967 = stablehlo.select %2966, %2609, %2965 : tensor<1xi1>, tensor<1xf32>
    %2968 = stablehlo.reshape %2967 : (tensor<1xf32>) -> tensor<1x1xf32>
    %2969 = stablehlo.multiply %2598, %2598 : tensor<1x16xf32> loc("map.attn.out")
    %2970 = stablehlo.constant dense<1.0e-30> : tensor<1x16xf32> loc("map.attn.out")
    %2971 = stablehlo.add %2969, %2970 : tensor<1x16xf32> loc("map.attn.out")
    %2972 = stablehlo.broadcast_in_dim %2968, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<1x16xf32>
    %2973 = stablehlo.multiply %arg81, %2972 : tensor<1x16xf32>
    %2974 = stablehlo.negate %2968 : tensor<1x1xf32>
    %2975 = stablehlo.add %2974, %2698 : tensor<1x1xf32>
    %2976 = stablehlo.broadcast_in_dim %2975, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<1x16xf32> loc("map.attn.out")
    %2977 = stablehlo.multiply %2971, %2976 : tensor<1x16xf32> loc("map.attn.out")
    %2978 = stablehlo.add %2973, %2977 : tensor<1x16xf32> loc("map.attn.out")
    %2979 = stablehlo.sqrt %2978 : tensor<1x16xf32> loc("map.attn.out")
    %2980 = stablehlo.constant dense<1.0> : tensor<1x16xf32> loc("map.attn.out")
    %2981 = stablehlo.divide %2980, %2979 : tensor<1x16xf32> loc("map.attn.out")
    %2982 = stablehlo.multiply %2598, %2981 : tensor<1x16xf32> loc("map.attn.out")
    %2983 = stablehlo.constant dense<0.8984375> : tensor<1x16xbf16>
    %2984 = stablehlo.multiply %arg53, %2983 : tensor<1x16xbf16>
    %2985 = stablehlo.convert %2984 : (tensor<1x16xbf16>) -> tensor<1x16xf32>
    %2986 = stablehlo.constant dense<0.1> : tensor<1x16xf32> loc("map.attn.out")
    %2987 = stablehlo.multiply %2982, %2986 : tensor<1x16xf32> loc("map.attn.out")
    %2988 = stablehlo.add %2985, %2987 : tensor<1x16xf32> loc("map.attn.out")
    %2989 = stablehlo.convert %2988 : (tensor<1x16xf32>) -> tensor<1x16xbf16> loc("map.attn.out")
    %2990 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %2991 = stablehlo.power %2990, %2605 : tensor<1xf32>
    %2992 = stablehlo.negate %2991 : tensor<1xf32>
    %2993 = stablehlo.add %2992, %2530 : tensor<1xf32>
    %2994 = stablehlo.compare GE, %2993, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %2995 = stablehlo.select %2994, %2609, %2993 : tensor<1xi1>, tensor<1xf32>
    %2996 = stablehlo.multiply %2600, %2600 : tensor<16xf32> loc("map.attn.out")
    %2997 = stablehlo.add %2996, %2613 : tensor<16xf32> loc("map.attn.out")
    %2998 = stablehlo.broadcast_in_dim %2995, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
    %2999 = stablehlo.multiply %arg82, %2998 : tensor<16xf32>
    %3000 = stablehlo.negate %2995 : tensor<1xf32>
    %3001 = stablehlo.add %3000, %2530 : tensor<1xf32>
    %3002 = stablehlo.broadcast_in_dim %3001, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3003 = stablehlo.multiply %2997, %3002 : tensor<16xf32> loc("map.attn.out")
    %3004 = stablehlo.add %2999, %3003 : tensor<16xf32> loc("map.attn.out")
    %3005 = stablehlo.sqrt %3004 : tensor<16xf32> loc("map.attn.out")
    %3006 = stablehlo.divide %2623, %3005 : tensor<16xf32> loc("map.attn.out")
    %3007 = stablehlo.multiply %2600, %3006 : tensor<16xf32> loc("map.attn.out")
    %3008 = stablehlo.multiply %arg54, %2626 : tensor<16xbf16>
    %3009 = stablehlo.convert %3008 : (tensor<16xbf16>) -> tensor<16xf32>
    %3010 = stablehlo.multiply %3007, %2629 : tensor<16xf32> loc("map.attn.out")
    %3011 = stablehlo.add %3009, %3010 : tensor<16xf32> loc("map.attn.out")
    %3012 = stablehlo.convert %3011 : (tensor<16xf32>) -> tensor<16xbf16> loc("map.attn.out")
    %3013 = stablehlo.add %2344, %2530 : tensor<1xf32>
    %3014 = stablehlo.power %3013, %2605 : tensor<1xf32>
    %3015 = stablehlo.negate %3014 : tensor<1xf32>
    %3016 = stablehlo.add %3015, %2530 : tensor<1xf32>
    %3017 = stablehlo.compare GE, %3016, %2609, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
    %3018 = stablehlo.select %3017, %2609, %3016 : tensor<1xi1>, tensor<1xf32>
    %3019 = stablehlo.reshape %3018 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3020 = stablehlo.multiply %2603, %2603 : tensor<4x16xf32> loc("map.attn.out")
    %3021 = stablehlo.constant dense<1.0e-30> : tensor<4x16xf32> loc("map.attn.out")
    %3022 = stablehlo.add %3020, %3021 : tensor<4x16xf32> loc("map.attn.out")
    %3023 = stablehlo.broadcast_in_dim %3019, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<4x16xf32>
    %3024 = stablehlo.multiply %arg83, %3023 : tensor<4x16xf32>
    %3025 = stablehlo.negate %3019 : tensor<1x1xf32>
    %3026 = stablehlo.add %3025, %2698 : tensor<1x1xf32>
    %3027 = stablehlo.broadcast_in_dim %3026, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<4x16xf32> loc("map.attn.out")
    %3028 = stablehlo.multiply %3022, %3027 : tensor<4x16xf32> loc("map.attn.out")
    %3029 = stablehlo.add %3024, %3028 : tensor<4x16xf32> loc("map.attn.out")
    %3030 = stablehlo.sqrt %3029 : tensor<4x16xf32> loc("map.attn.out")
    %3031 = stablehlo.constant dense<1.0> : tensor<4x16xf32> loc("map.attn.out")
    %3032 = stablehlo.divide %3031, %3030 : tensor<4x16xf32> loc("map.attn.out")
    %3033 = stablehlo.multiply %2603, %3032 : tensor<4x16xf32> loc("map.attn.out")
    %3034 = stablehlo.constant dense<0.8984375> : tensor<4x16xbf16>
    %3035 = stablehlo.multiply %arg55, %3034 : tensor<4x16xbf16>
    %3036 = stablehlo.convert %3035 : (tensor<4x16xbf16>) -> tensor<4x16xf32>
    %3037 = stablehlo.constant dense<0.1> : tensor<4x16xf32> loc("map.attn.out")
    %3038 = stablehlo.multiply %3033, %3037 : tensor<4x16xf32> loc("map.attn.out")
    %3039 = stablehlo.add %3036, %3038 : tensor<4x16xf32> loc("map.attn.out")
    %3040 = stablehlo.convert %3039 : (tensor<4x16xf32>) -> tensor<4x16xbf16> loc("map.attn.out")
    %3041 = stablehlo.constant dense<0.03> : tensor<16x3x4x4xf32>
    %3042 = stablehlo.multiply %arg0, %3041 : tensor<16x3x4x4xf32>
    %3043 = stablehlo.add %2660, %3042 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %3044 = stablehlo.constant dense<3.0> : tensor<16x16xf32>
    %3045 = stablehlo.multiply %arg26, %3044 : tensor<16x16xf32>
    %3046 = stablehlo.add %2712, %3045 : tensor<16x16xf32> loc("map.attn.out")
    %3047 = stablehlo.constant dense<0.03> : tensor<16x16xf32> loc("map.attn.key")
    %3048 = stablehlo.multiply %arg17, %3047 : tensor<16x16xf32> loc("map.attn.key")
    %3049 = stablehlo.add %2736, %3048 : tensor<16x16xf32> loc("map.attn.out")
    %3050 = stablehlo.multiply %arg19, %3047 : tensor<16x16xf32> loc("map.attn.out")
    %3051 = stablehlo.add %2783, %3050 : tensor<16x16xf32> loc("map.attn.out")
    %3052 = stablehlo.multiply %arg16, %3047 : tensor<16x16xf32> loc("map.attn.query")
    %3053 = stablehlo.add %2807, %3052 : tensor<16x16xf32> loc("map.attn.out")
    %3054 = stablehlo.multiply %arg18, %3047 : tensor<16x16xf32> loc("map.attn.value")
    %3055 = stablehlo.add %2831, %3054 : tensor<16x16xf32> loc("map.attn.out")
    %3056 = stablehlo.constant dense<0.03> : tensor<16x32xf32> loc("map.mlp.fc1")
    %3057 = stablehlo.multiply %arg22, %3056 : tensor<16x32xf32> loc("map.mlp.fc1")
    %3058 = stablehlo.add %2886, %3057 : tensor<16x32xf32> loc("map.attn.out")
    %3059 = stablehlo.constant dense<0.03> : tensor<32x16xf32> loc("map.mlp.fc2")
    %3060 = stablehlo.multiply %arg24, %3059 : tensor<32x16xf32> loc("map.mlp.fc2")
    %3061 = stablehlo.add %2937, %3060 : tensor<32x16xf32> loc("map.attn.out")
    %3062 = stablehlo.constant dense<0.001> : tensor<16xf32> loc("map.attn.out")
    %3063 = stablehlo.multiply %2631, %3062 : tensor<16xf32> loc("map.attn.out")
    %3064 = stablehlo.constant dense<0.001> : tensor<16x3x4x4xf32> loc("map.attn.out")
    %3065 = stablehlo.multiply %3043, %3064 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %3066 = stablehlo.multiply %2683, %3062 : tensor<16xf32> loc("map.attn.out")
    %3067 = stablehlo.constant dense<0.001> : tensor<16x16xf32> loc("map.attn.out")
    %3068 = stablehlo.multiply %3046, %3067 : tensor<16x16xf32> loc("map.attn.out")
    %3069 = stablehlo.multiply %3049, %3067 : tensor<16x16xf32> loc("map.attn.out")
    %3070 = stablehlo.multiply %2759, %3062 : tensor<16xf32> loc("map.attn.out")
    %3071 = stablehlo.multiply %3051, %3067 : tensor<16x16xf32> loc("map.attn.out")
    %3072 = stablehlo.multiply %3053, %3067 : tensor<16x16xf32> loc("map.attn.out")
    %3073 = stablehlo.multiply %3055, %3067 : tensor<16x16xf32> loc("map.attn.out")
    %3074 = stablehlo.constant dense<0.001> : tensor<32xf32> loc("map.attn.out")
    %3075 = stablehlo.multiply %2858, %3074 : tensor<32xf32> loc("map.attn.out")
    %3076 = stablehlo.constant dense<0.001> : tensor<16x32xf32> loc("map.attn.out")
    %3077 = stablehlo.multiply %3058, %3076 : tensor<16x32xf32> loc("map.attn.out")
    %3078 = stablehlo.multiply %2909, %3062 : tensor<16xf32> loc("map.attn.out")
    %3079 = stablehlo.constant dense<0.001> : tensor<32x16xf32> loc("map.attn.out")
    %3080 = stablehlo.multiply %3061, %3079 : tensor<32x16xf32> loc("map.attn.out")
    %3081 = stablehlo.multiply %2960, %3062 : tensor<16xf32> loc("map.attn.out")
    %3082 = stablehlo.constant dense<0.001> : tensor<1x16xf32> loc("map.attn.out")
    %3083 = stablehlo.multiply %2988, %3082 : tensor<1x16xf32> loc("map.attn.out")
    %3084 = stablehlo.multiply %3011, %3062 : tensor<16xf32> loc("map.attn.out")
    %3085 = stablehlo.constant dense<0.001> : tensor<4x16xf32> loc("map.attn.out")
    %3086 = stablehlo.multiply %3039, %3085 : tensor<4x16xf32> loc("map.attn.out")
    %3087 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3088 = stablehlo.multiply %3063, %3087 : tensor<16xf32> loc("map.attn.out")
    %3089 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1x1x1xf32>
    %3090 = stablehlo.broadcast_in_dim %3089, dims = [0, 1, 2, 3] : (tensor<1x1x1x1xf32>) -> tensor<16x3x4x4xf32> loc("map.attn.out")
    %3091 = stablehlo.multiply %3065, %3090 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %3092 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3093 = stablehlo.multiply %3066, %3092 : tensor<16xf32> loc("map.attn.out")
    %3094 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3095 = stablehlo.broadcast_in_dim %3094, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %3096 = stablehlo.multiply %3068, %3095 : tensor<16x16xf32> loc("map.attn.out")
    %3097 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3098 = stablehlo.broadcast_in_dim %3097, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %3099 = stablehlo.multiply %3069, %3098 : tensor<16x16xf32> loc("map.attn.out")
    %3100 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3101 = stablehlo.multiply %3070, %3100 : tensor<16xf32> loc("map.attn.out")
    %3102 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3103 = stablehlo.broadcast_in_dim %3102, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %3104 = stablehlo.multiply %3071, %3103 : tensor<16x16xf32> loc("map.attn.out")
    %3105 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3106 = stablehlo.broadcast_in_dim %3105, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %3107 = stablehlo.multiply %3072, %3106 : tensor<16x16xf32> loc("map.attn.out")
    %3108 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3109 = stablehlo.broadcast_in_dim %3108, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("map.attn.out")
    %3110 = stablehlo.multiply %3073, %3109 : tensor<16x16xf32> loc("map.attn.out")
    %3111 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("map.attn.out")
    %3112 = stablehlo.multiply %3075, %3111 : tensor<32xf32> loc("map.attn.out")
    %3113 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3114 = stablehlo.broadcast_in_dim %3113, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("map.attn.out")
    %3115 = stablehlo.multiply %3077, %3114 : tensor<16x32xf32> loc("map.attn.out")
    %3116 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3117 = stablehlo.multiply %3078, %3116 : tensor<16xf32> loc("map.attn.out")
    %3118 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3119 = stablehlo.broadcast_in_dim %3118, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("map.attn.out")
    %3120 = stablehlo.multiply %3080, %3119 : tensor<32x16xf32> loc("map.attn.out")
    %3121 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3122 = stablehlo.multiply %3081, %3121 : tensor<16xf32> loc("map.attn.out")
    %3123 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3124 = stablehlo.broadcast_in_dim %3123, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<1x16xf32> loc("map.attn.out")
    %3125 = stablehlo.multiply %3083, %3124 : tensor<1x16xf32> loc("map.attn.out")
    %3126 = stablehlo.broadcast_in_dim %2558, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("map.attn.out")
    %3127 = stablehlo.multiply %3084, %3126 : tensor<16xf32> loc("map.attn.out")
    %3128 = stablehlo.reshape %2558 : (tensor<1xf32>) -> tensor<1x1xf32>
    %3129 = stablehlo.broadcast_in_dim %3128, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<4x16xf32> loc("map.attn.out")
    %3130 = stablehlo.multiply %3086, %3129 : tensor<4x16xf32> loc("map.attn.out")
    %3131 = stablehlo.subtract %arg1, %3088 : tensor<16xf32> loc("map.attn.out")
    %3132 = stablehlo.subtract %arg0, %3091 : tensor<16x3x4x4xf32> loc("map.attn.out")
    %3133 = stablehlo.subtract %arg27, %3093 : tensor<16xf32> loc("map.attn.out")
    %3134 = stablehlo.subtract %arg26, %3096 : tensor<16x16xf32> loc("map.attn.out")
    %3135 = stablehlo.subtract %arg17, %3099 : tensor<16x16xf32> loc("map.attn.key")
    %3136 = stablehlo.subtract %arg20, %3101 : tensor<16xf32> loc("map.attn.out")
    %3137 = stablehlo.subtract %arg19, %3104 : tensor<16x16xf32> loc("map.attn.out")
    %3138 = stablehlo.subtract %arg16, %3107 : tensor<16x16xf32> loc("map.attn.query")
    %3139 = stablehlo.subtract %arg18, %3110 : tensor<16x16xf32> loc("map.attn.value")
    %3140 = stablehlo.subtract %arg23, %3112 : tensor<32xf32> loc("map.attn.out")
    %3141 = stablehlo.subtract %arg22, %3115 : tensor<16x32xf32> loc("map.mlp.fc1")
    %3142 = stablehlo.subtract %arg25, %3117 : tensor<16xf32> loc("map.attn.out")
    %3143 = stablehlo.subtract %arg24, %3120 : tensor<32x16xf32> loc("map.mlp.fc2")
    %3144 = stablehlo.subtract %arg21, %3122 : tensor<16xf32> loc("map.attn.out")
    %3145 = stablehlo.subtract %arg15, %3125 : tensor<1x16xf32> loc("map.probe")
    %3146 = stablehlo.subtract %arg14, %3127 : tensor<16xf32> loc("map.attn.out")
    %3147 = stablehlo.subtract %arg2, %3130 : tensor<4x16xf32> loc("map.attn.out")
    %3789:48 = "stablehlo.while"(%26, %arg8, %arg5, %arg9, %arg7, %arg4, %arg6, %arg11, %arg10, %arg13, %arg12, %arg3, %arg28, %arg29, %arg30, %arg31, %arg32, %arg33, %arg34, %arg35, %arg36, %arg37, %arg38, %2343#1, %2343#2, %2343#3, %2343#4, %2343#5, %2343#6, %2343#7, %2343#8, %2343#9, %2343#10, %2343#11, %arg56, %arg57, %arg58, %arg59, %arg60, %arg61, %arg62, %arg63, %arg64, %arg65, %arg66, %2344, %2534, %2558) ({
    ^bb0(%3148: tensor<i32>, %3149: tensor<2x8xf32>, %3150: tensor<2x16x16xf32>, %3151: tensor<2x16x16xf32>, %3152: tensor<2x8xf32>, %3153: tensor<2x16x16xf32>, %3154: tensor<2x16x16xf32>, %3155: tensor<2x32xf32>, %3156: tensor<2x16x32xf32>, %3157: tensor<2x16xf32>, %3158: tensor<2x32x16xf32>, %3159: tensor<2x16xf32>, %3160: tensor<2x8xbf16>, %3161: tensor<2x16x16xbf16>, %3162: tensor<2x16x16xbf16>, %3163: tensor<2x8xbf16>, %3164: tensor<2x16x16xbf16>, %3165: tensor<2x16x16xbf16>, %3166: tensor<2x32xbf16>, %3167: tensor<2x16x32xbf16>, %3168: tensor<2x16xbf16>, %3169: tensor<2x32x16xbf16>, %3170: tensor<2x16xbf16>, %3171: tensor<2x8xf32>, %3172: tensor<2x16x16xf32>, %3173: tensor<2x16x16xf32>, %3174: tensor<2x8xf32>, %3175: tensor<2x16x16xf32>, %3176: tensor<2x16x16xf32>, %3177: tensor<2x32xf32>, %3178: tensor<2x16x32xf32>, %3179: tensor<2x16xf32>, %3180: tensor<2x32x16xf32>, %3181: tensor<2x16xf32>, %3182: tensor<2x8xf32>, %3183: tensor<2x16x16xf32>, %3184: tensor<2x16x16xf32>, %3185: tensor<2x8xf32>, %3186: tensor<2x16x16xf32>, %3187: tensor<2x16x16xf32>, %3188: tensor<2x32xf32>, %3189: tensor<2x16x32xf32>, %3190: tensor<2x16xf32>, %3191: tensor<2x32x16xf32>, %3192: tensor<2x16xf32>, %3193: tensor<1xf32>, %3194: tensor<1xf32>, %3195: tensor<1xf32>):
      %3196 = stablehlo.constant dense<2> : tensor<i32> loc("map.attn.out")
      %3197 = stablehlo.compare LT, %3148, %3196, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1> loc("map.attn.out")
      stablehlo.return %3197 : tensor<i1>
    }, {
    ^bb0(%3198: tensor<i32>, %3199: tensor<2x8xf32>, %3200: tensor<2x16x16xf32>, %3201: tensor<2x16x16xf32>, %3202: tensor<2x8xf32>, %3203: tensor<2x16x16xf32>, %3204: tensor<2x16x16xf32>, %3205: tensor<2x32xf32>, %3206: tensor<2x16x32xf32>, %3207: tensor<2x16xf32>, %3208: tensor<2x32x16xf32>, %3209: tensor<2x16xf32>, %3210: tensor<2x8xbf16>, %3211: tensor<2x16x16xbf16>, %3212: tensor<2x16x16xbf16>, %3213: tensor<2x8xbf16>, %3214: tensor<2x16x16xbf16>, %3215: tensor<2x16x16xbf16>, %3216: tensor<2x32xbf16>, %3217: tensor<2x16x32xbf16>, %3218: tensor<2x16xbf16>, %3219: tensor<2x32x16xbf16>, %3220: tensor<2x16xbf16>, %3221: tensor<2x8xf32>, %3222: tensor<2x16x16xf32>, %3223: tensor<2x16x16xf32>, %3224: tensor<2x8xf32>, %3225: tensor<2x16x16xf32>, %3226: tensor<2x16x16xf32>, %3227: tensor<2x32xf32>, %3228: tensor<2x16x32xf32>, %3229: tensor<2x16xf32>, %3230: tensor<2x32x16xf32>, %3231: tensor<2x16xf32>, %3232: tensor<2x8xf32>, %3233: tensor<2x16x16xf32>, %3234: tensor<2x16x16xf32>, %3235: tensor<2x8xf32>, %3236: tensor<2x16x16xf32>, %3237: tensor<2x16x16xf32>, %3238: tensor<2x32xf32>, %3239: tensor<2x16x32xf32>, %3240: tensor<2x16xf32>, %3241: tensor<2x32x16xf32>, %3242: tensor<2x16xf32>, %3243: tensor<1xf32>, %3244: tensor<1xf32>, %3245: tensor<1xf32>):
      %3246 = stablehlo.constant dense<0> : tensor<i32> loc("map.attn.out")
      %3247 = stablehlo.dynamic_slice %3232, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3248 = stablehlo.reshape %3247 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3249 = stablehlo.dynamic_slice %3233, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3250 = stablehlo.reshape %3249 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3251 = stablehlo.dynamic_slice %3234, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3252 = stablehlo.reshape %3251 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3253 = stablehlo.dynamic_slice %3235, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3254 = stablehlo.reshape %3253 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3255 = stablehlo.dynamic_slice %3236, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3256 = stablehlo.reshape %3255 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3257 = stablehlo.dynamic_slice %3237, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3258 = stablehlo.reshape %3257 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3259 = stablehlo.dynamic_slice %3238, %3198, %3246, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %3260 = stablehlo.reshape %3259 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %3261 = stablehlo.dynamic_slice %3239, %3198, %3246, %3246, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %3262 = stablehlo.reshape %3261 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %3263 = stablehlo.dynamic_slice %3240, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3264 = stablehlo.reshape %3263 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3265 = stablehlo.dynamic_slice %3241, %3198, %3246, %3246, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %3266 = stablehlo.reshape %3265 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %3267 = stablehlo.dynamic_slice %3242, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3268 = stablehlo.reshape %3267 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3269 = stablehlo.dynamic_slice %3199, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3270 = stablehlo.reshape %3269 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3271 = stablehlo.dynamic_slice %3200, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3272 = stablehlo.reshape %3271 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3273 = stablehlo.dynamic_slice %3201, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3274 = stablehlo.reshape %3273 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3275 = stablehlo.dynamic_slice %3202, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3276 = stablehlo.reshape %3275 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3277 = stablehlo.dynamic_slice %3203, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3278 = stablehlo.reshape %3277 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3279 = stablehlo.dynamic_slice %3204, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3280 = stablehlo.reshape %3279 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3281 = stablehlo.dynamic_slice %3205, %3198, %3246, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %3282 = stablehlo.reshape %3281 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %3283 = stablehlo.dynamic_slice %3206, %3198, %3246, %3246, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %3284 = stablehlo.reshape %3283 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %3285 = stablehlo.dynamic_slice %3207, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3286 = stablehlo.reshape %3285 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3287 = stablehlo.dynamic_slice %3208, %3198, %3246, %3246, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %3288 = stablehlo.reshape %3287 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %3289 = stablehlo.dynamic_slice %3209, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3290 = stablehlo.reshape %3289 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3291 = stablehlo.dynamic_slice %3210, %3198, %3246, sizes = [1, 8] : (tensor<2x8xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x8xbf16> loc("map.attn.out")
      %3292 = stablehlo.reshape %3291 : (tensor<1x8xbf16>) -> tensor<8xbf16> loc("map.attn.out")
      %3293 = stablehlo.dynamic_slice %3211, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("map.attn.out")
      %3294 = stablehlo.reshape %3293 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("map.attn.out")
      %3295 = stablehlo.dynamic_slice %3212, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("map.attn.out")
      %3296 = stablehlo.reshape %3295 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("map.attn.out")
      %3297 = stablehlo.dynamic_slice %3213, %3198, %3246, sizes = [1, 8] : (tensor<2x8xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x8xbf16> loc("map.attn.out")
      %3298 = stablehlo.reshape %3297 : (tensor<1x8xbf16>) -> tensor<8xbf16> loc("map.attn.out")
      %3299 = stablehlo.dynamic_slice %3214, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("map.attn.out")
      %3300 = stablehlo.reshape %3299 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("map.attn.out")
      %3301 = stablehlo.dynamic_slice %3215, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xbf16> loc("map.attn.out")
      %3302 = stablehlo.reshape %3301 : (tensor<1x16x16xbf16>) -> tensor<16x16xbf16> loc("map.attn.out")
      %3303 = stablehlo.dynamic_slice %3216, %3198, %3246, sizes = [1, 32] : (tensor<2x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x32xbf16> loc("map.attn.out")
      %3304 = stablehlo.reshape %3303 : (tensor<1x32xbf16>) -> tensor<32xbf16> loc("map.attn.out")
      %3305 = stablehlo.dynamic_slice %3217, %3198, %3246, %3246, sizes = [1, 16, 32] : (tensor<2x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xbf16> loc("map.attn.out")
      %3306 = stablehlo.reshape %3305 : (tensor<1x16x32xbf16>) -> tensor<16x32xbf16> loc("map.attn.out")
      %3307 = stablehlo.dynamic_slice %3218, %3198, %3246, sizes = [1, 16] : (tensor<2x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x16xbf16> loc("map.attn.out")
      %3308 = stablehlo.reshape %3307 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("map.attn.out")
      %3309 = stablehlo.dynamic_slice %3219, %3198, %3246, %3246, sizes = [1, 32, 16] : (tensor<2x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xbf16> loc("map.attn.out")
      %3310 = stablehlo.reshape %3309 : (tensor<1x32x16xbf16>) -> tensor<32x16xbf16> loc("map.attn.out")
      %3311 = stablehlo.dynamic_slice %3220, %3198, %3246, sizes = [1, 16] : (tensor<2x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<1x16xbf16> loc("map.attn.out")
      %3312 = stablehlo.reshape %3311 : (tensor<1x16xbf16>) -> tensor<16xbf16> loc("map.attn.out")
      %3313 = stablehlo.dynamic_slice %3221, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3314 = stablehlo.reshape %3313 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3315 = stablehlo.dynamic_slice %3222, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3316 = stablehlo.reshape %3315 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3317 = stablehlo.dynamic_slice %3223, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3318 = stablehlo.reshape %3317 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3319 = stablehlo.dynamic_slice %3224, %3198, %3246, sizes = [1, 8] : (tensor<2x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32> loc("map.attn.out")
      %3320 = stablehlo.reshape %3319 : (tensor<1x8xf32>) -> tensor<8xf32> loc("map.attn.out")
      %3321 = stablehlo.dynamic_slice %3225, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3322 = stablehlo.reshape %3321 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3323 = stablehlo.dynamic_slice %3226, %3198, %3246, %3246, sizes = [1, 16, 16] : (tensor<2x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x16xf32> loc("map.attn.out")
      %3324 = stablehlo.reshape %3323 : (tensor<1x16x16xf32>) -> tensor<16x16xf32> loc("map.attn.out")
      %3325 = stablehlo.dynamic_slice %3227, %3198, %3246, sizes = [1, 32] : (tensor<2x32xf32>, tensor<i32>, tensor<i32>) -> tensor<1x32xf32> loc("map.attn.out")
      %3326 = stablehlo.reshape %3325 : (tensor<1x32xf32>) -> tensor<32xf32> loc("map.attn.out")
      %3327 = stablehlo.dynamic_slice %3228, %3198, %3246, %3246, sizes = [1, 16, 32] : (tensor<2x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x16x32xf32> loc("map.attn.out")
      %3328 = stablehlo.reshape %3327 : (tensor<1x16x32xf32>) -> tensor<16x32xf32> loc("map.attn.out")
      %3329 = stablehlo.dynamic_slice %3229, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3330 = stablehlo.reshape %3329 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3331 = stablehlo.dynamic_slice %3230, %3198, %3246, %3246, sizes = [1, 32, 16] : (tensor<2x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x16xf32> loc("map.attn.out")
      %3332 = stablehlo.reshape %3331 : (tensor<1x32x16xf32>) -> tensor<32x16xf32> loc("map.attn.out")
      %3333 = stablehlo.dynamic_slice %3231, %3198, %3246, sizes = [1, 16] : (tensor<2x16xf32>, tensor<i32>, tensor<i32>) -> tensor<1x16xf32> loc("map.attn.out")
      %3334 = stablehlo.reshape %3333 : (tensor<1x16xf32>) -> tensor<16xf32> loc("map.attn.out")
      %3335 = stablehlo.broadcast_in_dim %3244, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3336 = stablehlo.multiply %3314, %3335 : tensor<8xf32> loc("forward/map.attn.out")
      %3337 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3338 = stablehlo.broadcast_in_dim %3337, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3339 = stablehlo.multiply %3316, %3338 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3340 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3341 = stablehlo.broadcast_in_dim %3340, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3342 = stablehlo.multiply %3318, %3341 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3343 = stablehlo.broadcast_in_dim %3244, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3344 = stablehlo.multiply %3320, %3343 : tensor<8xf32> loc("forward/map.attn.out")
      %3345 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3346 = stablehlo.broadcast_in_dim %3345, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3347 = stablehlo.multiply %3322, %3346 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3348 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3349 = stablehlo.broadcast_in_dim %3348, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3350 = stablehlo.multiply %3324, %3349 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3351 = stablehlo.broadcast_in_dim %3244, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("forward/map.attn.out")
      %3352 = stablehlo.multiply %3326, %3351 : tensor<32xf32> loc("forward/map.attn.out")
      %3353 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3354 = stablehlo.broadcast_in_dim %3353, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("forward/map.attn.out")
      %3355 = stablehlo.multiply %3328, %3354 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3356 = stablehlo.broadcast_in_dim %3244, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3357 = stablehlo.multiply %3330, %3356 : tensor<16xf32> loc("forward/map.attn.out")
      %3358 = stablehlo.reshape %3244 : (tensor<1xf32>) -> tensor<1x1xf32> loc("forward/map.attn.out")
      %3359 = stablehlo.broadcast_in_dim %3358, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("forward/map.attn.out")
      %3360 = stablehlo.multiply %3332, %3359 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3361 = stablehlo.broadcast_in_dim %3244, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3362 = stablehlo.multiply %3334, %3361 : tensor<16xf32> loc("forward/map.attn.out")
      %3363 = stablehlo.constant dense<1.0> : tensor<1xf32>
      %3364 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3365 = stablehlo.constant dense<-0.8> : tensor<1xf32>
      %3366 = stablehlo.power %3364, %3365 : tensor<1xf32>
      %3367 = stablehlo.negate %3366 : tensor<1xf32>
      %3368 = stablehlo.add %3367, %3363 : tensor<1xf32>
      %3369 = stablehlo.constant dense<0.999> : tensor<1xf32>
      %3370 = stablehlo.compare GE, %3368, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3371 = stablehlo.select %3370, %3369, %3368 : tensor<1xi1>, tensor<1xf32>
      %3372 = stablehlo.multiply %3336, %3336 : tensor<8xf32> loc("forward/map.attn.out")
      %3373 = stablehlo.constant dense<1.0e-30> : tensor<8xf32> loc("forward/map.attn.out")
      %3374 = stablehlo.add %3372, %3373 : tensor<8xf32> loc("forward/map.attn.out")
      %3375 = stablehlo.broadcast_in_dim %3371, dims = [0] : (tensor<1xf32>) -> tensor<8xf32>
      %3376 = stablehlo.multiply %3248, %3375 : tensor<8xf32>
      %3377 = stablehlo.negate %3371 : tensor<1xf32>
      %3378 = stablehlo.add %3377, %3363 : tensor<1xf32>
      %3379 = stablehlo.broadcast_in_dim %3378, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3380 = stablehlo.multiply %3374, %3379 : tensor<8xf32> loc("forward/map.attn.out")
      %3381 = stablehlo.add %3376, %3380 : tensor<8xf32> loc("forward/map.attn.out")
      %3382 = stablehlo.sqrt %3381 : tensor<8xf32> loc("forward/map.attn.out")
      %3383 = stablehlo.constant dense<1.0> : tensor<8xf32> loc("forward/map.attn.out")
      %3384 = stablehlo.divide %3383, %3382 : tensor<8xf32> loc("forward/map.attn.out")
      %3385 = stablehlo.multiply %3336, %3384 : tensor<8xf32> loc("forward/map.attn.out")
      %3386 = stablehlo.constant dense<0.8984375> : tensor<8xbf16>
      %3387 = stablehlo.multiply %3292, %3386 : tensor<8xbf16>
      %3388 = stablehlo.convert %3387 : (tensor<8xbf16>) -> tensor<8xf32>
      %3389 = stablehlo.constant dense<0.1> : tensor<8xf32> loc("forward/map.attn.out")
      %3390 = stablehlo.multiply %3385, %3389 : tensor<8xf32> loc("forward/map.attn.out")
      %3391 = stablehlo.add %3388, %3390 : tensor<8xf32> loc("forward/map.attn.out")
      %3392 = stablehlo.convert %3391 : (tensor<8xf32>) -> tensor<8xbf16> loc("forward/map.attn.out")
      %3393 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3394 = stablehlo.power %3393, %3365 : tensor<1xf32>
      %3395 = stablehlo.negate %3394 : tensor<1xf32>
      %3396 = stablehlo.add %3395, %3363 : tensor<1xf32>
      %3397 = stablehlo.compare GE, %3396, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3398 = stablehlo.select %3397, %3369, %3396 : tensor<1xi1>, tensor<1xf32>
      %3399 = stablehlo.reshape %3398 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3400 = stablehlo.multiply %3339, %3339 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3401 = stablehlo.constant dense<1.0e-30> : tensor<16x16xf32> loc("forward/map.attn.out")
      %3402 = stablehlo.add %3400, %3401 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3403 = stablehlo.broadcast_in_dim %3399, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
      %3404 = stablehlo.multiply %3250, %3403 : tensor<16x16xf32>
      %3405 = stablehlo.negate %3399 : tensor<1x1xf32>
      %3406 = stablehlo.constant dense<1.0> : tensor<1x1xf32>
      %3407 = stablehlo.add %3405, %3406 : tensor<1x1xf32>
      %3408 = stablehlo.broadcast_in_dim %3407, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3409 = stablehlo.multiply %3402, %3408 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3410 = stablehlo.add %3404, %3409 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3411 = stablehlo.sqrt %3410 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3412 = stablehlo.constant dense<1.0> : tensor<16x16xf32> loc("forward/map.attn.out")
      %3413 = stablehlo.divide %3412, %3411 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3414 = stablehlo.multiply %3339, %3413 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3415 = stablehlo.constant dense<0.8984375> : tensor<16x16xbf16>
      %3416 = stablehlo.multiply %3294, %3415 : tensor<16x16xbf16>
      %3417 = stablehlo.convert %3416 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %3418 = stablehlo.constant dense<0.1> : tensor<16x16xf32> loc("forward/map.attn.out")
      %3419 = stablehlo.multiply %3414, %3418 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3420 = stablehlo.add %3417, %3419 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3421 = stablehlo.convert %3420 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %3422 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3423 = stablehlo.power %3422, %3365 : tensor<1xf32>
      %3424 = stablehlo.negate %3423 : tensor<1xf32>
      %3425 = stablehlo.add %3424, %3363 : tensor<1xf32>
      %3426 = stablehlo.compare GE, %3425, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3427 = stablehlo.select %3426, %3369, %3425 : tensor<1xi1>, tensor<1xf32>
      %3428 = stablehlo.reshape %3427 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3429 = stablehlo.multiply %3342, %3342 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3430 = stablehlo.add %3429, %3401 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3431 = stablehlo.broadcast_in_dim %3428, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
      %3432 = stablehlo.multiply %3252, %3431 : tensor<16x16xf32>
      %3433 = stablehlo.negate %3428 : tensor<1x1xf32>
      %3434 = stablehlo.add %3433, %3406 : tensor<1x1xf32>
      %3435 = stablehlo.broadcast_in_dim %3434, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3436 = stablehlo.multiply %3430, %3435 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3437 = stablehlo.add %3432, %3436 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3438 = stablehlo.sqrt %3437 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3439 = stablehlo.divide %3412, %3438 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3440 = stablehlo.multiply %3342, %3439 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3441 = stablehlo.multiply %3296, %3415 : tensor<16x16xbf16>
      %3442 = stablehlo.convert %3441 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %3443 = stablehlo.multiply %3440, %3418 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3444 = stablehlo.add %3442, %3443 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3445 = stablehlo.convert %3444 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %3446 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3447 = stablehlo.power %3446, %3365 : tensor<1xf32>
      %3448 = stablehlo.negate %3447 : tensor<1xf32>
      %3449 = stablehlo.add %3448, %3363 : tensor<1xf32>
      %3450 = stablehlo.compare GE, %3449, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3451 = stablehlo.select %3450, %3369, %3449 : tensor<1xi1>, tensor<1xf32>
      %3452 = stablehlo.multiply %3344, %3344 : tensor<8xf32> loc("forward/map.attn.out")
      %3453 = stablehlo.add %3452, %3373 : tensor<8xf32> loc("forward/map.attn.out")
      %3454 = stablehlo.broadcast_in_dim %3451, dims = [0] : (tensor<1xf32>) -> tensor<8xf32>
      %3455 = stablehlo.multiply %3254, %3454 : tensor<8xf32>
      %3456 = stablehlo.negate %3451 : tensor<1xf32>
      %3457 = stablehlo.add %3456, %3363 : tensor<1xf32>
      %3458 = stablehlo.broadcast_in_dim %3457, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3459 = stablehlo.multiply %3453, %3458 : tensor<8xf32> loc("forward/map.attn.out")
      %3460 = stablehlo.add %3455, %3459 : tensor<8xf32> loc("forward/map.attn.out")
      %3461 = stablehlo.sqrt %3460 : tensor<8xf32> loc("forward/map.attn.out")
      %3462 = stablehlo.divide %3383, %3461 : tensor<8xf32> loc("forward/map.attn.out")
      %3463 = stablehlo.multiply %3344, %3462 : tensor<8xf32> loc("forward/map.attn.out")
      %3464 = stablehlo.multiply %3298, %3386 : tensor<8xbf16>
      %3465 = stablehlo.convert %3464 : (tensor<8xbf16>) -> tensor<8xf32>
      %3466 = stablehlo.multiply %3463, %3389 : tensor<8xf32> loc("forward/map.attn.out")
      %3467 = stablehlo.add %3465, %3466 : tensor<8xf32> loc("forward/map.attn.out")
      %3468 = stablehlo.convert %3467 : (tensor<8xf32>) -> tensor<8xbf16> loc("forward/map.attn.out")
      %3469 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3470 = stablehlo.power %3469, %3365 : tensor<1xf32>
      %3471 = stablehlo.negate %3470 : tensor<1xf32>
      %3472 = stablehlo.add %3471, %3363 : tensor<1xf32>
      %3473 = stablehlo.compare GE, %3472, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3474 = stablehlo.select %3473, %3369, %3472 : tensor<1xi1>, tensor<1xf32>
      %3475 = stablehlo.reshape %3474 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3476 = stablehlo.multiply %3347, %3347 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3477 = stablehlo.add %3476, %3401 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3478 = stablehlo.broadcast_in_dim %3475, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
      %3479 = stablehlo.multiply %3256, %3478 : tensor<16x16xf32>
      %3480 = stablehlo.negate %3475 : tensor<1x1xf32>
      %3481 = stablehlo.add %3480, %3406 : tensor<1x1xf32>
      %3482 = stablehlo.broadcast_in_dim %3481, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3483 = stablehlo.multiply %3477, %3482 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3484 = stablehlo.add %3479, %3483 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3485 = stablehlo.sqrt %3484 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3486 = stablehlo.divide %3412, %3485 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3487 = stablehlo.multiply %3347, %3486 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3488 = stablehlo.multiply %3300, %3415 : tensor<16x16xbf16>
      %3489 = stablehlo.convert %3488 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %3490 = stablehlo.multiply %3487, %3418 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3491 = stablehlo.add %3489, %3490 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3492 = stablehlo.convert %3491 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %3493 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3494 = stablehlo.power %3493, %3365 : tensor<1xf32>
      %3495 = stablehlo.negate %3494 : tensor<1xf32>
      %3496 = stablehlo.add %3495, %3363 : tensor<1xf32>
      %3497 = stablehlo.compare GE, %3496, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3498 = stablehlo.select %3497, %3369, %3496 : tensor<1xi1>, tensor<1xf32>
      %3499 = stablehlo.reshape %3498 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3500 = stablehlo.multiply %3350, %3350 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3501 = stablehlo.add %3500, %3401 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3502 = stablehlo.broadcast_in_dim %3499, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32>
      %3503 = stablehlo.multiply %3258, %3502 : tensor<16x16xf32>
      %3504 = stablehlo.negate %3499 : tensor<1x1xf32>
      %3505 = stablehlo.add %3504, %3406 : tensor<1x1xf32>
      %3506 = stablehlo.broadcast_in_dim %3505, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3507 = stablehlo.multiply %3501, %3506 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3508 = stablehlo.add %3503, %3507 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3509 = stablehlo.sqrt %3508 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3510 = stablehlo.divide %3412, %3509 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3511 = stablehlo.multiply %3350, %3510 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3512 = stablehlo.multiply %3302, %3415 : tensor<16x16xbf16>
      %3513 = stablehlo.convert %3512 : (tensor<16x16xbf16>) -> tensor<16x16xf32>
      %3514 = stablehlo.multiply %3511, %3418 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3515 = stablehlo.add %3513, %3514 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3516 = stablehlo.convert %3515 : (tensor<16x16xf32>) -> tensor<16x16xbf16> loc("forward/map.attn.out")
      %3517 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3518 = stablehlo.power %3517, %3365 : tensor<1xf32>
      %3519 = stablehlo.negate %3518 : tensor<1xf32>
      %3520 = stablehlo.add %3519, %3363 : tensor<1xf32>
      %3521 = stablehlo.compare GE, %3520, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3522 = stablehlo.select %3521, %3369, %3520 : tensor<1xi1>, tensor<1xf32>
      %3523 = stablehlo.multiply %3352, %3352 : tensor<32xf32> loc("forward/map.attn.out")
      %3524 = stablehlo.constant dense<1.0e-30> : tensor<32xf32> loc("forward/map.attn.out")
      %3525 = stablehlo.add %3523, %3524 : tensor<32xf32> loc("forward/map.attn.out")
      %3526 = stablehlo.broadcast_in_dim %3522, dims = [0] : (tensor<1xf32>) -> tensor<32xf32>
      %3527 = stablehlo.multiply %3260, %3526 : tensor<32xf32>
      %3528 = stablehlo.negate %3522 : tensor<1xf32>
      %3529 = stablehlo.add %3528, %3363 : tensor<1xf32>
      %3530 = stablehlo.broadcast_in_dim %3529, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("forward/map.attn.out")
      %3531 = stablehlo.multiply %3525, %3530 : tensor<32xf32> loc("forward/map.attn.out")
      %3532 = stablehlo.add %3527, %3531 : tensor<32xf32> loc("forward/map.attn.out")
      %3533 = stablehlo.sqrt %3532 : tensor<32xf32> loc("forward/map.attn.out")
      %3534 = stablehlo.constant dense<1.0> : tensor<32xf32> loc("forward/map.attn.out")
      %3535 = stablehlo.divide %3534, %3533 : tensor<32xf32> loc("forward/map.attn.out")
      %3536 = stablehlo.multiply %3352, %3535 : tensor<32xf32> loc("forward/map.attn.out")
      %3537 = stablehlo.constant dense<0.8984375> : tensor<32xbf16>
      %3538 = stablehlo.multiply %3304, %3537 : tensor<32xbf16>
      %3539 = stablehlo.convert %3538 : (tensor<32xbf16>) -> tensor<32xf32>
      %3540 = stablehlo.constant dense<0.1> : tensor<32xf32> loc("forward/map.attn.out")
      %3541 = stablehlo.multiply %3536, %3540 : tensor<32xf32> loc("forward/map.attn.out")
      %3542 = stablehlo.add %3539, %3541 : tensor<32xf32> loc("forward/map.attn.out")
      %3543 = stablehlo.convert %3542 : (tensor<32xf32>) -> tensor<32xbf16> loc("forward/map.attn.out")
      %3544 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3545 = stablehlo.power %3544, %3365 : tensor<1xf32>
      %3546 = stablehlo.negate %3545 : tensor<1xf32>
      %3547 = stablehlo.add %3546, %3363 : tensor<1xf32>
      %3548 = stablehlo.compare GE, %3547, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3549 = stablehlo.select %3548, %3369, %3547 : tensor<1xi1>, tensor<1xf32>
      %3550 = stablehlo.reshape %3549 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3551 = stablehlo.multiply %3355, %3355 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3552 = stablehlo.constant dense<1.0e-30> : tensor<16x32xf32> loc("forward/map.attn.out")
      %3553 = stablehlo.add %3551, %3552 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3554 = stablehlo.broadcast_in_dim %3550, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32>
      %3555 = stablehlo.multiply %3262, %3554 : tensor<16x32xf32>
      %3556 = stablehlo.negate %3550 : tensor<1x1xf32>
      %3557 = stablehlo.add %3556, %3406 : tensor<1x1xf32>
      %3558 = stablehlo.broadcast_in_dim %3557, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("forward/map.attn.out")
      %3559 = stablehlo.multiply %3553, %3558 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3560 = stablehlo.add %3555, %3559 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3561 = stablehlo.sqrt %3560 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3562 = stablehlo.constant dense<1.0> : tensor<16x32xf32> loc("forward/map.attn.out")
      %3563 = stablehlo.divide %3562, %3561 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3564 = stablehlo.multiply %3355, %3563 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3565 = stablehlo.constant dense<0.8984375> : tensor<16x32xbf16>
      %3566 = stablehlo.multiply %3306, %3565 : tensor<16x32xbf16>
      %3567 = stablehlo.convert %3566 : (tensor<16x32xbf16>) -> tensor<16x32xf32>
      %3568 = stablehlo.constant dense<0.1> : tensor<16x32xf32> loc("forward/map.attn.out")
      %3569 = stablehlo.multiply %3564, %3568 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3570 = stablehlo.add %3567, %3569 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3571 = stablehlo.convert %3570 : (tensor<16x32xf32>) -> tensor<16x32xbf16> loc("forward/map.attn.out")
      %3572 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3573 = stablehlo.power %3572, %3365 : tensor<1xf32>
      %3574 = stablehlo.negate %3573 : tensor<1xf32>
      %3575 = stablehlo.add %3574, %3363 : tensor<1xf32>
      %3576 = stablehlo.compare GE, %3575, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3577 = stablehlo.select %3576, %3369, %3575 : tensor<1xi1>, tensor<1xf32>
      %3578 = stablehlo.multiply %3357, %3357 : tensor<16xf32> loc("forward/map.attn.out")
      %3579 = stablehlo.constant dense<1.0e-30> : tensor<16xf32> loc("forward/map.attn.out")
      %3580 = stablehlo.add %3578, %3579 : tensor<16xf32> loc("forward/map.attn.out")
      %3581 = stablehlo.broadcast_in_dim %3577, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
      %3582 = stablehlo.multiply %3264, %3581 : tensor<16xf32>
      %3583 = stablehlo.negate %3577 : tensor<1xf32>
      %3584 = stablehlo.add %3583, %3363 : tensor<1xf32>
      %3585 = stablehlo.broadcast_in_dim %3584, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3586 = stablehlo.multiply %3580, %3585 : tensor<16xf32> loc("forward/map.attn.out")
      %3587 = stablehlo.add %3582, %3586 : tensor<16xf32> loc("forward/map.attn.out")
      %3588 = stablehlo.sqrt %3587 : tensor<16xf32> loc("forward/map.attn.out")
      %3589 = stablehlo.constant dense<1.0> : tensor<16xf32> loc("forward/map.attn.out")
      %3590 = stablehlo.divide %3589, %3588 : tensor<16xf32> loc("forward/map.attn.out")
      %3591 = stablehlo.multiply %3357, %3590 : tensor<16xf32> loc("forward/map.attn.out")
      %3592 = stablehlo.constant dense<0.8984375> : tensor<16xbf16>
      %3593 = stablehlo.multiply %3308, %3592 : tensor<16xbf16>
      %3594 = stablehlo.convert %3593 : (tensor<16xbf16>) -> tensor<16xf32>
      %3595 = stablehlo.constant dense<0.1> : tensor<16xf32> loc("forward/map.attn.out")
      %3596 = stablehlo.multiply %3591, %3595 : tensor<16xf32> loc("forward/map.attn.out")
      %3597 = stablehlo.add %3594, %3596 : tensor<16xf32> loc("forward/map.attn.out")
      %3598 = stablehlo.convert %3597 : (tensor<16xf32>) -> tensor<16xbf16> loc("forward/map.attn.out")
      %3599 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3600 = stablehlo.power %3599, %3365 : tensor<1xf32>
      %3601 = stablehlo.negate %3600 : tensor<1xf32>
      %3602 = stablehlo.add %3601, %3363 : tensor<1xf32>
      %3603 = stablehlo.compare GE, %3602, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3604 = stablehlo.select %3603, %3369, %3602 : tensor<1xi1>, tensor<1xf32>
      %3605 = stablehlo.reshape %3604 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3606 = stablehlo.multiply %3360, %3360 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3607 = stablehlo.constant dense<1.0e-30> : tensor<32x16xf32> loc("forward/map.attn.out")
      %3608 = stablehlo.add %3606, %3607 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3609 = stablehlo.broadcast_in_dim %3605, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32>
      %3610 = stablehlo.multiply %3266, %3609 : tensor<32x16xf32>
      %3611 = stablehlo.negate %3605 : tensor<1x1xf32>
      %3612 = stablehlo.add %3611, %3406 : tensor<1x1xf32>
      %3613 = stablehlo.broadcast_in_dim %3612, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("forward/map.attn.out")
      %3614 = stablehlo.multiply %3608, %3613 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3615 = stablehlo.add %3610, %3614 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3616 = stablehlo.sqrt %3615 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3617 = stablehlo.constant dense<1.0> : tensor<32x16xf32> loc("forward/map.attn.out")
      %3618 = stablehlo.divide %3617, %3616 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3619 = stablehlo.multiply %3360, %3618 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3620 = stablehlo.constant dense<0.8984375> : tensor<32x16xbf16>
      %3621 = stablehlo.multiply %3310, %3620 : tensor<32x16xbf16>
      %3622 = stablehlo.convert %3621 : (tensor<32x16xbf16>) -> tensor<32x16xf32>
      %3623 = stablehlo.constant dense<0.1> : tensor<32x16xf32> loc("forward/map.attn.out")
      %3624 = stablehlo.multiply %3619, %3623 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3625 = stablehlo.add %3622, %3624 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3626 = stablehlo.convert %3625 : (tensor<32x16xf32>) -> tensor<32x16xbf16> loc("forward/map.attn.out")
      %3627 = stablehlo.add %3243, %3363 : tensor<1xf32>
      %3628 = stablehlo.power %3627, %3365 : tensor<1xf32>
      %3629 = stablehlo.negate %3628 : tensor<1xf32>
      %3630 = stablehlo.add %3629, %3363 : tensor<1xf32>
      %3631 = stablehlo.compare GE, %3630, %3369, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1>
      %3632 = stablehlo.select %3631, %3369, %3630 : tensor<1xi1>, tensor<1xf32>
      %3633 = stablehlo.multiply %3362, %3362 : tensor<16xf32> loc("forward/map.attn.out")
      %3634 = stablehlo.add %3633, %3579 : tensor<16xf32> loc("forward/map.attn.out")
      %3635 = stablehlo.broadcast_in_dim %3632, dims = [0] : (tensor<1xf32>) -> tensor<16xf32>
      %3636 = stablehlo.multiply %3268, %3635 : tensor<16xf32>
      %3637 = stablehlo.negate %3632 : tensor<1xf32>
      %3638 = stablehlo.add %3637, %3363 : tensor<1xf32>
      %3639 = stablehlo.broadcast_in_dim %3638, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3640 = stablehlo.multiply %3634, %3639 : tensor<16xf32> loc("forward/map.attn.out")
      %3641 = stablehlo.add %3636, %3640 : tensor<16xf32> loc("forward/map.attn.out")
      %3642 = stablehlo.sqrt %3641 : tensor<16xf32> loc("forward/map.attn.out")
      %3643 = stablehlo.divide %3589, %3642 : tensor<16xf32> loc("forward/map.attn.out")
      %3644 = stablehlo.multiply %3362, %3643 : tensor<16xf32> loc("forward/map.attn.out")
      %3645 = stablehlo.multiply %3312, %3592 : tensor<16xbf16>
      %3646 = stablehlo.convert %3645 : (tensor<16xbf16>) -> tensor<16xf32>
      %3647 = stablehlo.multiply %3644, %3595 : tensor<16xf32> loc("forward/map.attn.out")
      %3648 = stablehlo.add %3646, %3647 : tensor<16xf32> loc("forward/map.attn.out")
      %3649 = stablehlo.convert %3648 : (tensor<16xf32>) -> tensor<16xbf16> loc("forward/map.attn.out")
      %3650 = stablehlo.constant dense<0.03> : tensor<16x16xf32>
      %3651 = stablehlo.multiply %3272, %3650 : tensor<16x16xf32>
      %3652 = stablehlo.add %3420, %3651 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3653 = stablehlo.multiply %3274, %3650 : tensor<16x16xf32>
      %3654 = stablehlo.add %3444, %3653 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3655 = stablehlo.multiply %3278, %3650 : tensor<16x16xf32>
      %3656 = stablehlo.add %3491, %3655 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3657 = stablehlo.multiply %3280, %3650 : tensor<16x16xf32>
      %3658 = stablehlo.add %3515, %3657 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3659 = stablehlo.constant dense<0.03> : tensor<16x32xf32>
      %3660 = stablehlo.multiply %3284, %3659 : tensor<16x32xf32>
      %3661 = stablehlo.add %3570, %3660 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3662 = stablehlo.constant dense<0.03> : tensor<32x16xf32>
      %3663 = stablehlo.multiply %3288, %3662 : tensor<32x16xf32>
      %3664 = stablehlo.add %3625, %3663 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3665 = stablehlo.constant dense<0.001> : tensor<8xf32> loc("forward/map.attn.out")
      %3666 = stablehlo.multiply %3391, %3665 : tensor<8xf32> loc("forward/map.attn.out")
      %3667 = stablehlo.constant dense<0.001> : tensor<16x16xf32> loc("forward/map.attn.out")
      %3668 = stablehlo.multiply %3652, %3667 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3669 = stablehlo.multiply %3654, %3667 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3670 = stablehlo.multiply %3467, %3665 : tensor<8xf32> loc("forward/map.attn.out")
      %3671 = stablehlo.multiply %3656, %3667 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3672 = stablehlo.multiply %3658, %3667 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3673 = stablehlo.constant dense<0.001> : tensor<32xf32> loc("forward/map.attn.out")
      %3674 = stablehlo.multiply %3542, %3673 : tensor<32xf32> loc("forward/map.attn.out")
      %3675 = stablehlo.constant dense<0.001> : tensor<16x32xf32> loc("forward/map.attn.out")
      %3676 = stablehlo.multiply %3661, %3675 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3677 = stablehlo.constant dense<0.001> : tensor<16xf32> loc("forward/map.attn.out")
      %3678 = stablehlo.multiply %3597, %3677 : tensor<16xf32> loc("forward/map.attn.out")
      %3679 = stablehlo.constant dense<0.001> : tensor<32x16xf32> loc("forward/map.attn.out")
      %3680 = stablehlo.multiply %3664, %3679 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3681 = stablehlo.multiply %3648, %3677 : tensor<16xf32> loc("forward/map.attn.out")
      %3682 = stablehlo.broadcast_in_dim %3245, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3683 = stablehlo.multiply %3666, %3682 : tensor<8xf32> loc("forward/map.attn.out")
      %3684 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3685 = stablehlo.broadcast_in_dim %3684, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3686 = stablehlo.multiply %3668, %3685 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3687 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3688 = stablehlo.broadcast_in_dim %3687, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3689 = stablehlo.multiply %3669, %3688 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3690 = stablehlo.broadcast_in_dim %3245, dims = [0] : (tensor<1xf32>) -> tensor<8xf32> loc("forward/map.attn.out")
      %3691 = stablehlo.multiply %3670, %3690 : tensor<8xf32> loc("forward/map.attn.out")
      %3692 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3693 = stablehlo.broadcast_in_dim %3692, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3694 = stablehlo.multiply %3671, %3693 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3695 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3696 = stablehlo.broadcast_in_dim %3695, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x16xf32> loc("forward/map.attn.out")
      %3697 = stablehlo.multiply %3672, %3696 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3698 = stablehlo.broadcast_in_dim %3245, dims = [0] : (tensor<1xf32>) -> tensor<32xf32> loc("forward/map.attn.out")
      %3699 = stablehlo.multiply %3674, %3698 : tensor<32xf32> loc("forward/map.attn.out")
      %3700 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3701 = stablehlo.broadcast_in_dim %3700, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<16x32xf32> loc("forward/map.attn.out")
      %3702 = stablehlo.multiply %3676, %3701 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3703 = stablehlo.broadcast_in_dim %3245, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3704 = stablehlo.multiply %3678, %3703 : tensor<16xf32> loc("forward/map.attn.out")
      %3705 = stablehlo.reshape %3245 : (tensor<1xf32>) -> tensor<1x1xf32>
      %3706 = stablehlo.broadcast_in_dim %3705, dims = [0, 1] : (tensor<1x1xf32>) -> tensor<32x16xf32> loc("forward/map.attn.out")
      %3707 = stablehlo.multiply %3680, %3706 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3708 = stablehlo.broadcast_in_dim %3245, dims = [0] : (tensor<1xf32>) -> tensor<16xf32> loc("forward/map.attn.out")
      %3709 = stablehlo.multiply %3681, %3708 : tensor<16xf32> loc("forward/map.attn.out")
      %3710 = stablehlo.subtract %3270, %3683 : tensor<8xf32> loc("forward/map.attn.out")
      %3711 = stablehlo.subtract %3272, %3686 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3712 = stablehlo.subtract %3274, %3689 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3713 = stablehlo.subtract %3276, %3691 : tensor<8xf32> loc("forward/map.attn.out")
      %3714 = stablehlo.subtract %3278, %3694 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3715 = stablehlo.subtract %3280, %3697 : tensor<16x16xf32> loc("forward/map.attn.out")
      %3716 = stablehlo.subtract %3282, %3699 : tensor<32xf32> loc("forward/map.attn.out")
      %3717 = stablehlo.subtract %3284, %3702 : tensor<16x32xf32> loc("forward/map.attn.out")
      %3718 = stablehlo.subtract %3286, %3704 : tensor<16xf32> loc("forward/map.attn.out")
      %3719 = stablehlo.subtract %3288, %3707 : tensor<32x16xf32> loc("forward/map.attn.out")
      %3720 = stablehlo.subtract %3290, %3709 : tensor<16xf32> loc("forward/map.attn.out")
      %3721 = stablehlo.constant dense<1> : tensor<i32>
      %3722 = stablehlo.add %3198, %3721 : tensor<i32>
      %3723 = stablehlo.reshape %3710 : (tensor<8xf32>) -> tensor<1x8xf32>
      %3724 = stablehlo.dynamic_update_slice %3199, %3723, %3198, %3246 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %3725 = stablehlo.reshape %3711 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3726 = stablehlo.dynamic_update_slice %3200, %3725, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3727 = stablehlo.reshape %3712 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3728 = stablehlo.dynamic_update_slice %3201, %3727, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3729 = stablehlo.reshape %3713 : (tensor<8xf32>) -> tensor<1x8xf32>
      %3730 = stablehlo.dynamic_update_slice %3202, %3729, %3198, %3246 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %3731 = stablehlo.reshape %3714 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3732 = stablehlo.dynamic_update_slice %3203, %3731, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3733 = stablehlo.reshape %3715 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3734 = stablehlo.dynamic_update_slice %3204, %3733, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3735 = stablehlo.reshape %3716 : (tensor<32xf32>) -> tensor<1x32xf32>
      %3736 = stablehlo.dynamic_update_slice %3205, %3735, %3198, %3246 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
      %3737 = stablehlo.reshape %3717 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
      %3738 = stablehlo.dynamic_update_slice %3206, %3737, %3198, %3246, %3246 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
      %3739 = stablehlo.reshape %3718 : (tensor<16xf32>) -> tensor<1x16xf32>
      %3740 = stablehlo.dynamic_update_slice %3207, %3739, %3198, %3246 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %3741 = stablehlo.reshape %3719 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
      %3742 = stablehlo.dynamic_update_slice %3208, %3741, %3198, %3246, %3246 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
      %3743 = stablehlo.reshape %3720 : (tensor<16xf32>) -> tensor<1x16xf32>
      %3744 = stablehlo.dynamic_update_slice %3209, %3743, %3198, %3246 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %3745 = stablehlo.reshape %3392 : (tensor<8xbf16>) -> tensor<1x8xbf16>
      %3746 = stablehlo.dynamic_update_slice %3210, %3745, %3198, %3246 : (tensor<2x8xbf16>, tensor<1x8xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x8xbf16>
      %3747 = stablehlo.reshape %3421 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %3748 = stablehlo.dynamic_update_slice %3211, %3747, %3198, %3246, %3246 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %3749 = stablehlo.reshape %3445 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %3750 = stablehlo.dynamic_update_slice %3212, %3749, %3198, %3246, %3246 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %3751 = stablehlo.reshape %3468 : (tensor<8xbf16>) -> tensor<1x8xbf16>
      %3752 = stablehlo.dynamic_update_slice %3213, %3751, %3198, %3246 : (tensor<2x8xbf16>, tensor<1x8xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x8xbf16>
      %3753 = stablehlo.reshape %3492 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %3754 = stablehlo.dynamic_update_slice %3214, %3753, %3198, %3246, %3246 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %3755 = stablehlo.reshape %3516 : (tensor<16x16xbf16>) -> tensor<1x16x16xbf16>
      %3756 = stablehlo.dynamic_update_slice %3215, %3755, %3198, %3246, %3246 : (tensor<2x16x16xbf16>, tensor<1x16x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xbf16>
      %3757 = stablehlo.reshape %3543 : (tensor<32xbf16>) -> tensor<1x32xbf16>
      %3758 = stablehlo.dynamic_update_slice %3216, %3757, %3198, %3246 : (tensor<2x32xbf16>, tensor<1x32xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x32xbf16>
      %3759 = stablehlo.reshape %3571 : (tensor<16x32xbf16>) -> tensor<1x16x32xbf16>
      %3760 = stablehlo.dynamic_update_slice %3217, %3759, %3198, %3246, %3246 : (tensor<2x16x32xbf16>, tensor<1x16x32xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xbf16>
      %3761 = stablehlo.reshape %3598 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %3762 = stablehlo.dynamic_update_slice %3218, %3761, %3198, %3246 : (tensor<2x16xbf16>, tensor<1x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x16xbf16>
      %3763 = stablehlo.reshape %3626 : (tensor<32x16xbf16>) -> tensor<1x32x16xbf16>
      %3764 = stablehlo.dynamic_update_slice %3219, %3763, %3198, %3246, %3246 : (tensor<2x32x16xbf16>, tensor<1x32x16xbf16>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xbf16>
      %3765 = stablehlo.reshape %3649 : (tensor<16xbf16>) -> tensor<1x16xbf16>
      %3766 = stablehlo.dynamic_update_slice %3220, %3765, %3198, %3246 : (tensor<2x16xbf16>, tensor<1x16xbf16>, tensor<i32>, tensor<i32>) -> tensor<2x16xbf16>
      %3767 = stablehlo.reshape %3381 : (tensor<8xf32>) -> tensor<1x8xf32>
      %3768 = stablehlo.dynamic_update_slice %3221, %3767, %3198, %3246 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %3769 = stablehlo.reshape %3410 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3770 = stablehlo.dynamic_update_slice %3222, %3769, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3771 = stablehlo.reshape %3437 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3772 = stablehlo.dynamic_update_slice %3223, %3771, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3773 = stablehlo.reshape %3460 : (tensor<8xf32>) -> tensor<1x8xf32>
      %3774 = stablehlo.dynamic_update_slice %3224, %3773, %3198, %3246 : (tensor<2x8xf32>, tensor<1x8xf32>, tensor<i32>, tensor<i32>) -> tensor<2x8xf32>
      %3775 = stablehlo.reshape %3484 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3776 = stablehlo.dynamic_update_slice %3225, %3775, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3777 = stablehlo.reshape %3508 : (tensor<16x16xf32>) -> tensor<1x16x16xf32>
      %3778 = stablehlo.dynamic_update_slice %3226, %3777, %3198, %3246, %3246 : (tensor<2x16x16xf32>, tensor<1x16x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x16xf32>
      %3779 = stablehlo.reshape %3532 : (tensor<32xf32>) -> tensor<1x32xf32>
      %3780 = stablehlo.dynamic_update_slice %3227, %3779, %3198, %3246 : (tensor<2x32xf32>, tensor<1x32xf32>, tensor<i32>, tensor<i32>) -> tensor<2x32xf32>
      %3781 = stablehlo.reshape %3560 : (tensor<16x32xf32>) -> tensor<1x16x32xf32>
      %3782 = stablehlo.dynamic_update_slice %3228, %3781, %3198, %3246, %3246 : (tensor<2x16x32xf32>, tensor<1x16x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x16x32xf32>
      %3783 = stablehlo.reshape %3587 : (tensor<16xf32>) -> tensor<1x16xf32>
      %3784 = stablehlo.dynamic_update_slice %3229, %3783, %3198, %3246 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      %3785 = stablehlo.reshape %3615 : (tensor<32x16xf32>) -> tensor<1x32x16xf32>
      %3786 = stablehlo.dynamic_update_slice %3230, %3785, %3198, %3246, %3246 : (tensor<2x32x16xf32>, tensor<1x32x16xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2x32x16xf32>
      %3787 = stablehlo.reshape %3641 : (tensor<16xf32>) -> tensor<1x16xf32>
      %3788 = stablehlo.dynamic_update_slice %3231, %3787, %3198, %3246 : (tensor<2x16xf32>, tensor<1x16xf32>, tensor<i32>, tensor<i32>) -> tensor<2x16xf32>
      stablehlo.return %3722, %3724, %3726, %3728, %3730, %3732, %3734, %3736, %3738, %3740, %3742, %3744, %3746, %3748, %3750, %3752, %3754, %3756, %3758, %3760, %3762, %3764, %3766, %3768, %3770, %3772, %3774, %3776, %3778, %3780, %3782, %3784, %3786, %3788, %3232, %3233, %3234, %3235, %3236, %3237, %3238, %3239, %3240, %3241, %3242, %3243, %3244, %3245 : tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
    }) : (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> (tensor<i32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)
    %3790 = stablehlo.add %2153, %2529 : tensor<1xf32> loc("map.attn.out")
    %3791 = stablehlo.compare NE, %3790, %3790, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1> loc("map.attn.out")
    %3792 = stablehlo.not %3791 : tensor<1xi1> loc("map.attn.out")
    %3793 = stablehlo.abs %3790 : tensor<1xf32> loc("map.attn.out")
    %3794 = stablehlo.constant dense<0x7F800000> : tensor<1xf32> loc("map.attn.out")
    %3795 = stablehlo.compare EQ, %3793, %3794, FLOAT : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xi1> loc("map.attn.out")
    %3796 = stablehlo.not %3795 : tensor<1xi1> loc("map.attn.out")
    %3797 = stablehlo.and %3792, %3796 : tensor<1xi1> loc("map.attn.out")
    %3798 = stablehlo.convert %3797 : (tensor<1xi1>) -> tensor<1xi32> loc("map.attn.out")
    %3799 = stablehlo.constant dense<1> : tensor<1xi32>
    %3800 = stablehlo.add %arg84, %3799 : tensor<1xi32>
    return %3132, %3131, %3147, %3789#11, %3789#5, %3789#2, %3789#6, %3789#4, %3789#1, %3789#3, %3789#8, %3789#7, %3789#10, %3789#9, %3146, %3145, %3138, %3135, %3139, %3137, %3136, %3144, %3141, %3140, %3143, %3142, %3134, %3133, %3789#12, %3789#13, %3789#14, %3789#15, %3789#16, %3789#17, %3789#18, %3789#19, %3789#20, %3789#21, %3789#22, %2632, %2661, %2684, %2713, %2737, %2760, %2784, %2808, %2832, %2859, %2887, %2910, %2938, %2961, %2989, %3012, %3040, %3789#23, %3789#24, %3789#25, %3789#26, %3789#27, %3789#28, %3789#29, %3789#30, %3789#31, %3789#32, %3789#33, %2621, %2650, %2676, %2702, %2729, %2752, %2776, %2800, %2824, %2848, %2876, %2902, %2927, %2953, %2978, %3004, %3029, %3800, %arg85, %2153, %2529, %2559, %3798 : tensor<16x3x4x4xf32>, tensor<16xf32>, tensor<4x16xf32>, tensor<2x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x32xf32>, tensor<2x32xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<16xf32>, tensor<1x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16x32xf32>, tensor<32xf32>, tensor<32x16xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x8xbf16>, tensor<2x16x16xbf16>, tensor<2x16x16xbf16>, tensor<2x32xbf16>, tensor<2x16x32xbf16>, tensor<2x16xbf16>, tensor<2x32x16xbf16>, tensor<2x16xbf16>, tensor<16xbf16>, tensor<16x3x4x4xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<32xbf16>, tensor<16x32xbf16>, tensor<16xbf16>, tensor<32x16xbf16>, tensor<16xbf16>, tensor<1x16xbf16>, tensor<16xbf16>, tensor<4x16xbf16>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x8xf32>, tensor<2x16x16xf32>, tensor<2x16x16xf32>, tensor<2x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x32x16xf32>, tensor<2x16xf32>, tensor<16xf32>, tensor<16x3x4x4xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>, tensor<32xf32>, tensor<16x32xf32>, tensor<16xf32>, tensor<32x16xf32>, tensor<16xf32>, tensor<1x16xf32>, tensor<16xf32>, tensor<4x16xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xi32>
  }
}
