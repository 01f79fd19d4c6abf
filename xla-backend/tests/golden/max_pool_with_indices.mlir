module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x4x9xf32>, tensor<1x2x4x9xi32>) {
    %0 = stablehlo.iota dim = 0 : tensor<63xi32>
    %1 = stablehlo.reshape %0 : (tensor<63xi32>) -> tensor<7x9xi32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [2, 3] : (tensor<7x9xi32>) -> tensor<1x2x7x9xi32>
    %3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = stablehlo.pad %arg0, %3, low = [0, 0, 1, 1], high = [0, 0, 1, 1], interior = [0, 0, 0, 0] : (tensor<1x2x7x9xf32>, tensor<f32>) -> tensor<1x2x9x11xf32>
    %5 = stablehlo.constant dense<-1> : tensor<i32>
    %6 = stablehlo.pad %2, %5, low = [0, 0, 1, 1], high = [0, 0, 1, 1], interior = [0, 0, 0, 0] : (tensor<1x2x7x9xi32>, tensor<i32>) -> tensor<1x2x9x11xi32>
    %7 = stablehlo.slice %4 [0:1, 0:2, 0:9, 0:9] : (tensor<1x2x9x11xf32>) -> tensor<1x2x9x9xf32>
    %8 = stablehlo.slice %6 [0:1, 0:2, 0:9, 0:9] : (tensor<1x2x9x11xi32>) -> tensor<1x2x9x9xi32>
    %9 = stablehlo.slice %4 [0:1, 0:2, 0:9, 2:11] : (tensor<1x2x9x11xf32>) -> tensor<1x2x9x9xf32>
    %10 = stablehlo.slice %6 [0:1, 0:2, 0:9, 2:11] : (tensor<1x2x9x11xi32>) -> tensor<1x2x9x9xi32>
    %11 = stablehlo.constant dense<0> : tensor<1x2x9x9xi32>
    %12 = stablehlo.compare LT, %8, %11, SIGNED : (tensor<1x2x9x9xi32>, tensor<1x2x9x9xi32>) -> tensor<1x2x9x9xi1>
    %13 = stablehlo.compare GT, %9, %7, FLOAT : (tensor<1x2x9x9xf32>, tensor<1x2x9x9xf32>) -> tensor<1x2x9x9xi1>
    %14 = stablehlo.or %12, %13 : tensor<1x2x9x9xi1>
    %15 = stablehlo.compare NE, %9, %9, FLOAT : (tensor<1x2x9x9xf32>, tensor<1x2x9x9xf32>) -> tensor<1x2x9x9xi1>
    %16 = stablehlo.or %14, %15 : tensor<1x2x9x9xi1>
    %17 = stablehlo.compare GE, %10, %11, SIGNED : (tensor<1x2x9x9xi32>, tensor<1x2x9x9xi32>) -> tensor<1x2x9x9xi1>
    %18 = stablehlo.and %17, %16 : tensor<1x2x9x9xi1>
    %19 = stablehlo.select %18, %9, %7 : tensor<1x2x9x9xi1>, tensor<1x2x9x9xf32>
    %20 = stablehlo.select %18, %10, %8 : tensor<1x2x9x9xi1>, tensor<1x2x9x9xi32>
    %21 = stablehlo.slice %19 [0:1, 0:2, 0:8, 0:9] : (tensor<1x2x9x9xf32>) -> tensor<1x2x8x9xf32>
    %22 = stablehlo.slice %20 [0:1, 0:2, 0:8, 0:9] : (tensor<1x2x9x9xi32>) -> tensor<1x2x8x9xi32>
    %23 = stablehlo.slice %19 [0:1, 0:2, 1:9, 0:9] : (tensor<1x2x9x9xf32>) -> tensor<1x2x8x9xf32>
    %24 = stablehlo.slice %20 [0:1, 0:2, 1:9, 0:9] : (tensor<1x2x9x9xi32>) -> tensor<1x2x8x9xi32>
    %25 = stablehlo.constant dense<0> : tensor<1x2x8x9xi32>
    %26 = stablehlo.compare LT, %22, %25, SIGNED : (tensor<1x2x8x9xi32>, tensor<1x2x8x9xi32>) -> tensor<1x2x8x9xi1>
    %27 = stablehlo.compare GT, %23, %21, FLOAT : (tensor<1x2x8x9xf32>, tensor<1x2x8x9xf32>) -> tensor<1x2x8x9xi1>
    %28 = stablehlo.or %26, %27 : tensor<1x2x8x9xi1>
    %29 = stablehlo.compare NE, %23, %23, FLOAT : (tensor<1x2x8x9xf32>, tensor<1x2x8x9xf32>) -> tensor<1x2x8x9xi1>
    %30 = stablehlo.or %28, %29 : tensor<1x2x8x9xi1>
    %31 = stablehlo.compare GE, %24, %25, SIGNED : (tensor<1x2x8x9xi32>, tensor<1x2x8x9xi32>) -> tensor<1x2x8x9xi1>
    %32 = stablehlo.and %31, %30 : tensor<1x2x8x9xi1>
    %33 = stablehlo.select %32, %23, %21 : tensor<1x2x8x9xi1>, tensor<1x2x8x9xf32>
    %34 = stablehlo.select %32, %24, %22 : tensor<1x2x8x9xi1>, tensor<1x2x8x9xi32>
    %35 = stablehlo.slice %33 [0:1, 0:2, 0:7:2, 0:9] : (tensor<1x2x8x9xf32>) -> tensor<1x2x4x9xf32>
    %36 = stablehlo.slice %34 [0:1, 0:2, 0:7:2, 0:9] : (tensor<1x2x8x9xi32>) -> tensor<1x2x4x9xi32>
    %37 = stablehlo.slice %33 [0:1, 0:2, 1:8:2, 0:9] : (tensor<1x2x8x9xf32>) -> tensor<1x2x4x9xf32>
    %38 = stablehlo.slice %34 [0:1, 0:2, 1:8:2, 0:9] : (tensor<1x2x8x9xi32>) -> tensor<1x2x4x9xi32>
    %39 = stablehlo.constant dense<0> : tensor<1x2x4x9xi32>
    %40 = stablehlo.compare LT, %36, %39, SIGNED : (tensor<1x2x4x9xi32>, tensor<1x2x4x9xi32>) -> tensor<1x2x4x9xi1>
    %41 = stablehlo.compare GT, %37, %35, FLOAT : (tensor<1x2x4x9xf32>, tensor<1x2x4x9xf32>) -> tensor<1x2x4x9xi1>
    %42 = stablehlo.or %40, %41 : tensor<1x2x4x9xi1>
    %43 = stablehlo.compare NE, %37, %37, FLOAT : (tensor<1x2x4x9xf32>, tensor<1x2x4x9xf32>) -> tensor<1x2x4x9xi1>
    %44 = stablehlo.or %42, %43 : tensor<1x2x4x9xi1>
    %45 = stablehlo.compare GE, %38, %39, SIGNED : (tensor<1x2x4x9xi32>, tensor<1x2x4x9xi32>) -> tensor<1x2x4x9xi1>
    %46 = stablehlo.and %45, %44 : tensor<1x2x4x9xi1>
    %47 = stablehlo.select %46, %37, %35 : tensor<1x2x4x9xi1>, tensor<1x2x4x9xf32>
    %48 = stablehlo.select %46, %38, %36 : tensor<1x2x4x9xi1>, tensor<1x2x4x9xi32>
    return %47, %48 : tensor<1x2x4x9xf32>, tensor<1x2x4x9xi32>
  }
}
