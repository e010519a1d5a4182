/// Vectors of NIST's Cryptographic Algorithm Validation Program for AES-256-GCM with nonces of 96 and tags of 128 bits,
/// in hexadecimal.
enum GCMVectors {
    struct Vector: Sendable {
        let key: String
        let nonce: String
        let data: String
        /// `nil` where the file says FAIL.
        let plaintext: String?
        let ciphertext: String
        let tag: String
    }

    /// Of gcmEncryptExtIV256.rsp.
    static let encryptions: [Vector] = [
        Vector(
            key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
            nonce: "516c33929df5a3284ff463d7",
            data: "",
            plaintext: "",
            ciphertext: "",
            tag: "bdc1ac884d332457a1d2664f168c76f0"
        ),
        Vector(
            key: "5fe0861cdc2690ce69b3658c7f26f8458eec1c9243c5ba0845305d897e96ca0f",
            nonce: "770ac1a5a3d476d5d96944a1",
            data: "",
            plaintext: "",
            ciphertext: "",
            tag: "196d691e1047093ca4b3d2ef4baba216"
        ),
        Vector(
            key: "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223",
            nonce: "d79cf22d504cc793c3fb6c8a",
            data: "b96baa8c1c75a671bfb2d08d06be5f36",
            plaintext: "",
            ciphertext: "",
            tag: "3e5d486aa2e30b22e040b85723a06e76"
        ),
        Vector(
            key: "4457ff33683cca6ca493878bdc00373893a9763412eef8cddb54f91318e0da88",
            nonce: "699d1f29d7b8c55300bb1fd2",
            data: "6749daeea367d0e9809e2dc2f309e6e3",
            plaintext: "",
            ciphertext: "",
            tag: "d60c74d2517fde4a74e0cd4709ed43a9"
        ),
        Vector(
            key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
            nonce: "0d18e06c7c725ac9e362e1ce",
            data: "",
            plaintext: "2db5168e932556f8089a0622981d017d",
            ciphertext: "fa4362189661d163fcd6a56d8bf0405a",
            tag: "d636ac1bbedd5cc3ee727dc2ab4a9489"
        ),
        Vector(
            key: "460fc864972261c2560e1eb88761ff1c992b982497bd2ac36c04071cbb8e5d99",
            nonce: "8a4a16b9e210eb68bcb6f58d",
            data: "",
            plaintext: "99e4e926ffe927f691893fb79a96b067",
            ciphertext: "133fc15751621b5f325c7ff71ce08324",
            tag: "ec4e87e0cf74a13618d0b68636ba9fa7"
        ),
        Vector(
            key: "69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970",
            nonce: "8d1da8ab5f91ccd09205944b",
            data: "036ad5e5494ef817a8af2f5828784a4bfedd1653",
            plaintext: "f3e0e09224256bf21a83a5de8d",
            ciphertext: "c0a62d77e6031bfdc6b13ae217",
            tag: "a794a9aaee48cd92e47761bf1baff0af"
        ),
        Vector(
            key: "97431e565e8370a4879de962746a2fd67eca868b1c8e51eece2c1f94f74af407",
            nonce: "17fb63066e2726d282ecc610",
            data: "78e7374da7c77be5938de8dd76cf0308618306a9",
            plaintext: "e21629cc973fbe40176e621d9d",
            ciphertext: "80dbd469de480389ba6c2fca52",
            tag: "4e284abb8b4f9f13c7497ae56df05fa5"
        ),
        Vector(
            key: "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
            nonce: "b08a5ea1927499c6ecbfd4e0",
            data:
                "e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56ba7ae8e05"
                + "cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d",
            plaintext:
                "9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638fb81ca52b"
                + "49dc41",
            ciphertext:
                "2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a5c198d78"
                + "78fd3f",
            tag: "adbecdb0d5c2224d804d2886ff9a5760"
        ),
        Vector(
            key: "e49af19182faef0ebeeba9f2d3be044e77b1212358366e4ef59e008aebcd9788",
            nonce: "e7f37d79a6a487a5a703edbb",
            data:
                "19a9a1cfc647346781bef51ed9070d05f99a0e0192a223c5cd2522dbdf97d9739dd39fb178ade3339e68774b058aa03e"
                + "9a20a9a205bc05f32381df4d63396ef691fefd5a71b49a2ad82d5ea428778ca47ee1398792762413cff4",
            plaintext:
                "461cd0caf7427a3d44408d825ed719237272ecd503b9094d1f62c97d63ed83a0b50bdc804ffdd7991da7a5b6dcf48d4b"
                + "cd2cbc",
            ciphertext:
                "32ca3588e3e56eb4c8301b009d8b84b8a900b2b88ca3c21944205e9dd7311757b51394ae90d8bb3807b471677614f419"
                + "8af909",
            tag: "3e403d035c71d88f1be1a256c89ba6ad"
        ),
    ]

    /// Of gcmDecrypt256.rsp.
    static let decryptions: [Vector] = [
        Vector(
            key: "54e352ea1d84bfe64a1011096111fbe7668ad2203d902a01458c3bbd85bfce14",
            nonce: "df7c3bca00396d0c018495d9",
            data: "7e968d71b50c1f11fd001f3fef49d045",
            plaintext: "85fc3dfad9b5a8d3258e4fc44571bd3b",
            ciphertext: "426e0efc693b7be1f3018db7ddbb7e4d",
            tag: "ee8257795be6a1164d7e1d2d6cac77a7"
        ),
        Vector(
            key: "5f72046245d3f4a0877e50a86554bfd57d1c5e073d1ed3b5451f6d0fc2a8507a",
            nonce: "ea6f5b391e44b751b26bce6f",
            data:
                "9b3a68c941d42744673fb60fea49075eae77322e7e70e34502c115b6495ebfc796d6290807653c6b53cd84281bd03116"
                + "56d0013f44619d2748177e99e8f8347c989a7b59f9d8dcf00f31db0684a4a83e037e8777bae55f799b0d",
            plaintext:
                "b0a881b751cc1eb0c912a4cf9bd971983707dbd2411725664503455c55db25cdb19bc669c2654a3a8011de6bf7eff3f9"
                + "f07834",
            ciphertext:
                "0e6e0b2114c40769c15958d965a14dcf50b680e0185a4409d77d894ca15b1e698dd83b3536b18c05d8cd0873d1edce81"
                + "50ecb5",
            tag: "fdaaff86ceb937502cd9012d03585800"
        ),
        Vector(
            key: "e5a8123f2e2e007d4e379ba114a2fb66e6613f57c72d4e4f024964053028a831",
            nonce: "51e43385bf533e168427e1ad",
            data: "",
            plaintext: nil,
            ciphertext: "",
            tag: "38fe845c66e66bdd884c2aecafd280e6"
        ),
        Vector(
            key: "c5ba3bf9ada560fb0301cd4e0b8b8a46a2aff2400395a72ed5804b3c755c4e59",
            nonce: "de2b956e704063c000f28bbb",
            data: "",
            plaintext: nil,
            ciphertext: "",
            tag: "04eb9b20fd4548dc71594f20073a45a2"
        ),
        Vector(
            key: "2c392a5eb1a9c705371beda3a901c7c61dca4d93b4291de1dd0dd15ec11ffc45",
            nonce: "0723fb84a08f4ea09841f32a",
            data: "140be561b6171eab942c486a94d33d43",
            plaintext: nil,
            ciphertext: "",
            tag: "aa0e1c9b57975bfc91aa137231977d2c"
        ),
        Vector(
            key: "48f7b300acde77c3a00e8dcde06063761d2dc64809db5d39c7a671d2b2f7902e",
            nonce: "194e611ed5980b0e93a4a388",
            data: "72ce59bdf0059bf33e03e5fc21f3a6df",
            plaintext: nil,
            ciphertext: "",
            tag: "7d26231fd58aea00331165c8adf912f3"
        ),
        Vector(
            key: "c997768e2d14e3d38259667a6649079de77beb4543589771e5068e6cd7cd0b14",
            nonce: "835090aed9552dbdd45277e2",
            data: "",
            plaintext: nil,
            ciphertext: "9f6607d68e22ccf21928db0986be126e",
            tag: "f32617f67c574fd9f44ef76ff880ab9f"
        ),
        Vector(
            key: "f05871fa6fced6d88fb68b0f2cd8b3ff6298901c38799be6be33e7d6193a18e6",
            nonce: "1424ef6d15967c05509e50f2",
            data: "",
            plaintext: nil,
            ciphertext: "8492fe9e53510d96d9c2aa00e4967112",
            tag: "33656dd6b89763313b4fd0105f506310"
        ),
        Vector(
            key: "9a0343f850a6427120f764789ffec6d237447b898fbf51d2182f065d3861497d",
            nonce: "3deef6f453dd70d92143adcd",
            data: "dbb8226a624520863db6897017b2a4f8",
            plaintext: nil,
            ciphertext: "e93165935ac18e3a2845d15fe31a9286",
            tag: "f5fc50d18766bc3d9e16dd136d45816b"
        ),
        Vector(
            key: "2a765ceac97265c15209eea90bea85cd9586b972160502ff592a306dc017e6b9",
            nonce: "62c545d9d4e3c7acb66b4bf1",
            data: "7d12474e23dc233bc6312d4d5b2deee4",
            plaintext: nil,
            ciphertext: "ae0594a7b66d3a958e4e6212d3288f91",
            tag: "ec9aa846d185cc0f43d392240cd6e2c4"
        ),
        Vector(
            key: "e36aca93414b13f5313e76a7244588ee116551d1f34c32859166f2eb0ac1a9b7",
            nonce: "e9e701b1ccef6bddd03391d8",
            data:
                "6a08fe6e55a08f283cec4c4b37676e770f402af6102f548ad473ec6236da764f7076ffd41bbd9611b439362d899682b7"
                + "b0f839fc5a68d9df54afd1e2b3c4e7d072454ee27111d52193d28b9c4f925d2a8b451675af39191a2cba",
            plaintext: nil,
            ciphertext:
                "5b059ac6733b6de0e8cf5b88b7301c02c993426f71bb12abf692e9deeacfac1ff1644c87d4df130028f515f0feda6363"
                + "09a24d",
            tag: "43c7c9c93cc265fc8e192000e0417b5b"
        ),
        Vector(
            key: "8ce43539dc92ac0cae5333d1a672fdc15cff4e5b82c7571c9ae57d90b5f10bd3",
            nonce: "4db5773306c66e2be6c2e689",
            data:
                "944c4ac629c39e4ec21e497f46477cdcb092952cd9f7a86b499962a8aa1a246007a9f1d4cf7bdf9f477bccc226a2056b"
                + "63785f397b74e8b816beb86fda7bf5a354c6caca4c97d606d463fb5cc486792069a625bdefa065b430e9",
            plaintext: nil,
            ciphertext:
                "83751e2ad6cc0c6ffb9cd5a09b2c4985cc8c29def9c51708d4b008b25719ee3db38ed8c775e0a58ec6611355520a55b6"
                + "379ca8",
            tag: "c1cffde06139c4b356ec35b563bfd7b7"
        ),
    ]
}
