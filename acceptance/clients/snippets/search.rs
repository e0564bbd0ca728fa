// Not run by a test. The newest studies since 2020, page by page. AWS SDK for Rust: needs DATASTORE_ID, and the lines of
// `hilum env`. The SDK has no switch for its host prefix: runtime-<host of the endpoint> must resolve to the server as well.
use aws_sdk_medicalimaging::types::{
    DicomStudyDateAndTime, Operator, SearchByAttributeValue, SearchCriteria, SearchFilter, Sort, SortField, SortOrder,
};

fn study_date(date: &str) -> Result<SearchByAttributeValue, aws_sdk_medicalimaging::Error> {
    let moment = DicomStudyDateAndTime::builder().dicom_study_date(date).build()?;
    Ok(SearchByAttributeValue::DicomStudyDateAndTime(moment))
}

#[tokio::main]
async fn main() -> Result<(), aws_sdk_medicalimaging::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_medicalimaging::Client::new(&config);
    let filter = SearchFilter::builder()
        .operator(Operator::Between)
        .values(study_date("20200101")?)
        .values(study_date("20991231")?)
        .build()?;
    let sort = Sort::builder().sort_field(SortField::DicomStudyDateAndTime).sort_order(SortOrder::Desc).build()?;
    let mut pages = client
        .search_image_sets()
        .datastore_id(std::env::var("DATASTORE_ID").expect("DATASTORE_ID"))
        .search_criteria(SearchCriteria::builder().filters(filter).sort(sort).build())
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for image_set in page?.image_sets_metadata_summaries() {
            if let Some(tags) = image_set.dicom_tags() {
                println!(
                    "{}\t{}\t{}\t{}",
                    tags.dicom_study_date().unwrap_or_default(),
                    tags.dicom_series_modality().unwrap_or_default(),
                    tags.dicom_patient_id().unwrap_or_default(),
                    tags.dicom_study_description().unwrap_or_default(),
                );
            }
        }
    }
    Ok(())
}
