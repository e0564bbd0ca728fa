// Searches through the AWS SDK for Go as it is, with its paginator: reads {datastoreId, searchCriteria, pageSize} and prints image
// set and patient. Nothing here knows of a host prefix.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/medicalimaging"
	"github.com/aws/aws-sdk-go-v2/service/medicalimaging/types"
)

type value struct {
	DICOMPatientId         *string
	DICOMSeriesInstanceUID *string
	CreatedAt              *time.Time `json:"createdAt"`
	UpdatedAt              *time.Time `json:"updatedAt"`
	DICOMStudyDateAndTime  *types.DICOMStudyDateAndTime
}

type request struct {
	DatastoreId    string
	PageSize       int32
	SearchCriteria *struct {
		Filters []struct {
			Operator string
			Values   []value
		}
		Sort *struct{ SortField, SortOrder string }
	}
}

func (v value) member() types.SearchByAttributeValue {
	switch {
	case v.DICOMPatientId != nil:
		return &types.SearchByAttributeValueMemberDICOMPatientId{Value: *v.DICOMPatientId}
	case v.DICOMSeriesInstanceUID != nil:
		return &types.SearchByAttributeValueMemberDICOMSeriesInstanceUID{Value: *v.DICOMSeriesInstanceUID}
	case v.CreatedAt != nil:
		return &types.SearchByAttributeValueMemberCreatedAt{Value: *v.CreatedAt}
	case v.UpdatedAt != nil:
		return &types.SearchByAttributeValueMemberUpdatedAt{Value: *v.UpdatedAt}
	default:
		return &types.SearchByAttributeValueMemberDICOMStudyDateAndTime{Value: *v.DICOMStudyDateAndTime}
	}
}

func (r request) criteria() *types.SearchCriteria {
	if r.SearchCriteria == nil {
		return nil
	}
	criteria := &types.SearchCriteria{}
	for _, filter := range r.SearchCriteria.Filters {
		values := []types.SearchByAttributeValue{}
		for _, each := range filter.Values {
			values = append(values, each.member())
		}
		criteria.Filters = append(criteria.Filters, types.SearchFilter{Operator: types.Operator(filter.Operator), Values: values})
	}
	if sort := r.SearchCriteria.Sort; sort != nil {
		criteria.Sort = &types.Sort{SortField: types.SortField(sort.SortField), SortOrder: types.SortOrder(sort.SortOrder)}
	}
	return criteria
}

func main() {
	ctx := context.Background()
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		log.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	pages := medicalimaging.NewSearchImageSetsPaginator(medicalimaging.NewFromConfig(cfg), &medicalimaging.SearchImageSetsInput{
		DatastoreId:    &r.DatastoreId,
		MaxResults:     aws.Int32(r.PageSize),
		SearchCriteria: r.criteria(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, summary := range page.ImageSetsMetadataSummaries {
			fmt.Printf("%s\t%s\n", aws.ToString(summary.ImageSetId), aws.ToString(summary.DICOMTags.DICOMPatientId))
		}
	}
}
