// What a model is trained with comes along: one import is enough.
@_exported import AdamQLR
@_exported import AdamQLRTorch
