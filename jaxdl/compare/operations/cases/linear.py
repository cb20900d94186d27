"""Products, tables of vectors, distances."""

from jaxdl.compare.operations.case import Operation, constant, index, normal

ROWS = normal(512, 256)

CASES = [
    Operation("linear", lambda F, x, w, b: F.linear(x, w, b), (normal(128, 512), normal(512, 512), normal(512))),
    Operation("bilinear", lambda F, a, b, w: F.bilinear(a, b, w), (normal(64, 48), normal(64, 48), normal(32, 48, 48))),
    Operation(
        "grouped_mm",
        lambda F, x, w, ends: F.grouped_mm(x, w, offs=ends),
        (normal(512, 128), normal(4, 128, 128), constant(96, 256, 320, 512)),
        torch=lambda torch, x, w, ends: torch.nn.functional.grouped_mm(x, w, offs=ends.int()),
    ),
    Operation("embedding", lambda F, i, w: F.embedding(i, w), (index(1000, 32, 64), normal(1000, 128))),
    Operation("embedding_bag", lambda F, i, w: F.embedding_bag(i, w), (index(1000, 128, 16), normal(1000, 128))),
    Operation("one_hot", lambda F, i: F.one_hot(i, 1000), (index(1000, 2048),), smooth=False),
    Operation("cosine_similarity", lambda F, a, b: F.cosine_similarity(a, b), (ROWS, ROWS)),
    Operation("pairwise_distance", lambda F, a, b: F.pairwise_distance(a, b), (ROWS, ROWS)),
    Operation("pdist", lambda F, x: F.pdist(x), (normal(256, 64),)),
    Operation("normalize", lambda F, x: F.normalize(x), (normal(1024, 256),)),
]
