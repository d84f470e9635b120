//! The verbs of S3, each of them one call into the file that knows it. What is not here answers `NotImplemented`.

use super::{
    S3Store, buckets, complete, copy, delete, list_objects, list_uploads, list_versions, multipart, objects,
};
use s3s::{S3, S3Request, S3Response, S3Result, dto};
use std::sync::Arc;

/// The store as `s3s` wants it.
pub(super) struct Api {
    store: Arc<S3Store>,
}

impl Api {
    pub(super) fn new(store: Arc<S3Store>) -> Self {
        Self { store }
    }
}

/// A verb that needs only its input, and one that also needs the headers of the request.
macro_rules! verbs {
    (input { $($name:ident($input:ident) -> $output:ident = $call:path;)+ }
     request { $($whole:ident($whole_input:ident) -> $whole_output:ident = $whole_call:path;)+ }) => {
        #[async_trait::async_trait]
        impl S3 for Api {
            $(async fn $name(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                Ok($call(&self.store, request.input).await?)
            })+
            $(async fn $whole(
                &self,
                request: S3Request<dto::$whole_input>,
            ) -> S3Result<S3Response<dto::$whole_output>> {
                Ok($whole_call(&self.store, request).await?)
            })+
        }
    };
}

verbs! {
    input {
        create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
        head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
        list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
        get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = buckets::get_versioning;
        put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = buckets::put_versioning;
        get_object(GetObjectInput) -> GetObjectOutput = objects::get;
        head_object(HeadObjectInput) -> HeadObjectOutput = objects::head;
        copy_object(CopyObjectInput) -> CopyObjectOutput = copy::object;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::object;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::objects;
        list_objects(ListObjectsInput) -> ListObjectsOutput = list_objects::v1;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list_objects::v2;
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = list_versions::list;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = multipart::upload_part_copy;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = complete::upload;
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
        list_parts(ListPartsInput) -> ListPartsOutput = list_uploads::parts;
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = list_uploads::uploads;
    }
    request {
        put_object(PutObjectInput) -> PutObjectOutput = objects::put;
        upload_part(UploadPartInput) -> UploadPartOutput = multipart::upload_part;
    }
}
